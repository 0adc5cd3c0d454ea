"""What stands in a document, and where it is said to stand."""

from __future__ import annotations

import io
from dataclasses import replace
from random import Random

import pytest

from acme_rules import ruleset
from detectors import unfolding
from detectors.containers import Meter
from detectors.decoders.base import Places, Run
from detectors.model import UNPROVABLE, Confidence, Finding, Part, Rule
from detectors.synthetic import secret_for
from detectors.synthetic_encodings import ENCODERS

RULE = ruleset()["acme-token"]
TOKEN = secret_for(RULE, Random(1))


def finding(
    start: int, *, secret: bytes = TOKEN, provider: str = "acme", decoded: tuple[str, ...] = ()
) -> Finding:
    rule = RULE if provider == "acme" else _of(provider)
    return Finding(
        rule=rule, start=start, end=start + len(secret), secret=secret, severity=rule.severity, confidence=Confidence.HIGH,
        proof=UNPROVABLE, decoded=decoded, parts=(Part(rule.id, start, start + 4, secret[:4]),),
    )  # fmt: skip


def _of(provider: str) -> Rule:
    return replace(RULE, provider=provider)


def finds(data: bytes) -> list[Finding]:
    at = data.find(TOKEN)
    return [finding(at)] if at >= 0 else []


def unfolded(data: bytes, kind: str, *, most: int = 1 << 20) -> unfolding.Unfolded:
    return unfolding.unfold(kind, io.BytesIO(data), len(data), Meter(most_bytes=most, most_members=9), finds)


def test_a_finding_of_a_member_spans_the_container_and_names_its_way() -> None:
    data = ENCODERS["zip"](b"key = " + TOKEN)

    inside = unfolded(data, "zip")

    assert [(f.start, f.end, f.decoded) for f in inside.findings] == [(0, len(data), ("zip:app/app.env",))]
    assert [(p.start, p.end) for p in inside.findings[0].parts] == [(0, len(data))]
    assert (inside.reason, inside.whole) == ("", True)


def test_a_stream_has_no_name_and_a_value_of_two_parts_is_told_once() -> None:
    data = ENCODERS["gzip"](TOKEN + b" " * (1 << 23) + TOKEN)

    assert [f.decoded for f in unfolded(data, "gzip", most=1 << 26).findings] == [("gzip",)]


@pytest.mark.parametrize(
    ("data", "most", "reason"),
    [
        (ENCODERS["gzip"](TOKEN)[:-9], 1 << 20, "container_broken"),
        (ENCODERS["gzip"](b"x" * 999), 99, "container_budget"),
    ],
)
def test_why_not_all_was_read_and_then_the_bytes_themselves_count(
    data: bytes, most: int, reason: str
) -> None:
    inside = unfolded(data, "gzip", most=most)

    assert (inside.reason, inside.whole) == (reason, False)


def test_the_bytes_of_a_database_count_beside_its_rows() -> None:
    assert not unfolded(ENCODERS["sqlite-rows"](b'key = "value"\n'), "sqlite").whole


def test_a_value_is_told_once_by_the_better_rule_and_where_its_plain_text_stands() -> None:
    data = b"...." + TOKEN
    generic, own = finding(4, provider="generic"), finding(0, decoded=("sqlite:t",))

    (kept,) = unfolding.together(data, [generic], [own])
    assert (kept.rule.provider, kept.start, kept.end, kept.decoded) == ("acme", 4, len(data), ("sqlite:t",))

    (kept,) = unfolding.together(data, [finding(4)], [own])
    assert kept.decoded == ()


def test_findings_come_by_offset_and_a_value_that_stands_nowhere_keeps_the_span() -> None:
    data = b"........" + TOKEN
    inner = finding(0, secret=b"another secret", decoded=("zip:a",))

    assert [f.start for f in unfolding.together(data, [finding(8)], [inner])] == [0, 8]


def test_a_finding_of_a_run_stands_where_the_run_says() -> None:
    places = Places([0, 2, 3, 9], [100, 102, 105, 111], [True, False, True, True])
    run = Run("percent", 100, 111, b"ab=cdefgh", lambda: places)

    outside = unfolding.of_run(finding(3, secret=b"cdefgh", decoded=("base64",)), run, low=90)

    assert (outside.start, outside.end, outside.decoded) == (15, 21, ("percent", "base64"))
    assert [(part.start, part.end) for part in outside.parts] == [(15, 19)]


def test_both_sides_of_a_diff_by_offset() -> None:
    diff = b"@@ -1,2 +1,2 @@\n-old " + TOKEN + b"\n+new\n same\n"

    (found,) = unfolding.of_diff(diff, finds)

    assert diff[found.start : found.end] == TOKEN
