"""Comments that allow a value: which they name, and how far they reach."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_rules import ruleset
from detectors.allow import allowed
from detectors.model import Finding, Severity

VALUE = b"value-of-a-test"


def finding(text: bytes, rule: str = "acme-token") -> Finding:
    start = text.index(VALUE)
    return Finding(
        rule=ruleset()[rule],
        start=start,
        end=start + len(VALUE),
        secret=VALUE,
        severity=Severity.HIGH,
        confidence=None,  # type: ignore[arg-type]  # nobody asks
    )


@pytest.mark.parametrize(
    "text",
    [
        b"a = '%s'  # leakstream:allow",
        b"a = '%s'  # gitleaks:allow",
        b"/* leakstream:allow */ a = '%s'",
        b"a = '%s' // leakstream:allow because it is a sample\nb",
        b"a = '%s' // leakstream:allow=acme-token",
        b"a = '%s' // leakstream:allow=other,acme-token",
        b"# leakstream:allow\na = '%s'",
        b"x = 1\n    // leakstream:allow=acme-token\n    a = '%s'",
        b"<!-- leakstream:allow -->\r\n<a>%s</a>",
        b"REM leakstream:allow\r\nset A=%s",
    ],
)
def test_what_allows(text: bytes) -> None:
    whole = text % VALUE
    assert allowed(whole, finding(whole))


@pytest.mark.parametrize(
    "text",
    [
        b"a = '%s'",
        b"a = '%s'\n# leakstream:allow",  # the line below
        b"# leakstream:allow\n\na = '%s'",  # two lines above
        b"b = 2  # leakstream:allow\na = '%s'",  # it speaks of its own line
        b"a = '%s'  # leakstream:allowed",
        b"a = '%s'  # leakstream:allow-all",
        b"a = '%s'  # leakstream:allow=acme-key",
        b"a = '%s'  # leakstream:allow=",
        b"a = '%s'  # leakstream:deny",
        b"a = '%s'" + b" " * 5000 + b"# leakstream:allow",
    ],
)
def test_what_does_not(text: bytes) -> None:
    whole = text % VALUE
    assert not allowed(whole, finding(whole))


def test_a_value_does_not_allow_itself() -> None:
    text = b"k = leakstream:allow"
    start = text.index(b"leak")
    base = finding(VALUE)
    inside = Finding(base.rule, start, len(text), text[start:], base.severity, base.confidence)
    assert not allowed(text, inside)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_text_is_judged(before: bytes, behind: bytes) -> None:
    whole = before + VALUE + behind
    assert allowed(whole, finding(whole)) in (True, False)
