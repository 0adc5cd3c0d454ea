from __future__ import annotations

import hashlib
from dataclasses import replace

from acme_rules import ruleset
from detectors.records import confirm_records, first_real

RULE = ruleset()["acme-dump"]
LINES = [
    b"%s@acme.example.org:k3J9x2LmQ8%d" % (name, n)
    for n, name in enumerate((b"anna", b"bert", b"carl", b"dora", b"emil"))
]


def ends(text: bytes) -> list[int]:
    return [i + 1 for i, byte in enumerate(text) if byte == ord(":")]


def confirmed(text: bytes, rule=RULE):
    return confirm_records(rule, text, 0, len(text), ends(text))


def test_distinct_whole_lines_count_and_the_span_is_first_to_last() -> None:
    text = b"x: 1\n" + b"\r\n".join([*LINES, LINES[0]]) + b"\ny: 2\n"

    finding = confirmed(text)

    assert finding is not None
    assert finding.records == 5
    assert text[finding.start : finding.end] == b"\r\n".join([*LINES, LINES[0]])
    assert finding.secret == min(LINES, key=lambda line: hashlib.sha256(line).digest())


def test_too_few_repeated_or_longer_lines_are_no_dump() -> None:
    assert confirmed(b"\n".join(LINES[:3])) is None
    assert confirmed(b"\n".join([LINES[0]] * 9)) is None
    assert confirmed(b"\n".join(line + b" and more" for line in LINES)) is None


def test_dummies_do_not_count_where_the_rule_filters_them() -> None:
    text = b"\n".join(
        b"%s@acme.example.org:changeme%d" % (name, n)
        for n, name in enumerate((b"anna", b"bert", b"carl", b"dora"))
    )

    assert confirmed(text) is not None
    assert confirmed(text, replace(RULE, placeholders=True)) is None


def test_only_the_document_is_looked_at() -> None:
    text = b"\n".join(LINES)

    assert confirm_records(RULE, text, len(LINES[0]) + 1, len(text), ends(text)).records == 4


def test_the_dummies_of_a_dump_count_but_none_is_its_secret() -> None:
    rule = replace(RULE, placeholders=True, pattern="[a-z]{3,12}@acme[.]org:[0-9A-Za-z]{8,20}")
    dummies = [b"anna@acme.org:changeme%d" % n for n in range(200)]
    real = [line.replace(b".example", b"") for line in LINES]

    finding = confirmed(b"\n".join([*dummies, *real]), rule)

    assert finding is not None
    assert finding.records == 205
    assert finding.secret == min(real, key=lambda line: hashlib.sha256(line).digest())


def test_a_large_dump_is_confirmed_up_to_a_cap_and_counted_on() -> None:
    lines = [b"abc@acme.example.org:k3J9x2Lm%08d" % n for n in range(100_000)]
    text = b"\n".join([*lines, b"no such : line", b"x: 1"])

    finding = confirmed(text)

    assert finding is not None
    assert finding.records == 100_002
    assert finding.end == len(text)


def test_a_line_too_long_to_match_hides_no_other() -> None:
    long = b":" * 5_000 + b"anna@acme.example.org:k3J9x2LmQ8"

    finding = confirmed(b"\n".join([long, *LINES, long]))

    assert finding is not None
    assert (finding.records, finding.start) == (5, len(long) + 1)


def test_few_lines_are_judged_however_many_there_are() -> None:
    rule = replace(RULE, placeholders=True, minimum=3)
    lines = [b"abc@acme.example.org:k3J9x2Lm%08d" % (n * 7919) for n in range(5_000)]
    judged: list[bytes] = []

    def judge(_: object, line: bytes) -> str:
        judged.append(line)
        return "" if len(judged) > 2 else "placeholder"

    assert first_real(rule, lines, judge) == sorted(lines, key=lambda line: hashlib.sha256(line).digest())[2]
    assert len(judged) == 5
    assert first_real(rule, lines, lambda *_: "placeholder") is None


def test_a_rule_that_wakes_reads_every_row_and_wants_passwords() -> None:
    rule = replace(
        RULE, pattern="(?P<account>[a-z]{3,12}),(?P<password>[!-~]{4,20})", anchor="user,pass", wakes=True
    )
    header, names = b"user,pass\n", (b"anna", b"bert", b"carl", b"dora", b"emil")
    real = header + b"\n".join(b"%s,Winter%d!" % (name, n) for n, name in enumerate(names))
    ports = header + b"\n".join(b"%s,80%d0" % (name, n) for n, name in enumerate(names))

    found = confirm_records(rule, real, 0, len(real), [len(header) - 1])

    assert found is not None
    assert found.proof.facts["accounts"] == str(found.records)
    assert confirm_records(rule, ports, 0, len(ports), [len(header) - 1]) is None
