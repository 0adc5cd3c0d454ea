from __future__ import annotations

import hashlib
from dataclasses import replace

from acme_rules import ruleset
from detectors.records import confirm_records

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
