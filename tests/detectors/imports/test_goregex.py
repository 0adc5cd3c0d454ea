"""Go's expressions in our subset: the same texts match, and what cannot be said is refused with its reason."""

from __future__ import annotations

import re

import pytest

from detectors.errors import RuleError
from detectors.imports.goregex import capturing, translate


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("acme_[a-z]{4}", "acme_[a-z]{4}"),
        ("a(?i)bc|de", "a(?i:bc)|(?i:de)"),
        ("(?i)abc(d|e)", "(?i:abc(?:d|e))"),
        ("x((?i)y)z", "x(?:(?i:y))z"),
        ("abc+", "abc{1,257}"),
        ("abc*d{2,}", "abc{0,128}d{2,130}"),
        ("[[:alnum:]_]bcd", "[0-9A-Za-z_]bcd"),
        (r"a[]x]\x{41}\Qb.c\E\z", r"a[]x]\x41b\.c$"),
        (r"ab\s[\s\\s]", "ab[\\t\\n\\f\\r ][\\t\\n\\f\\r \\x5cs]"),
        ("(?s)a.b", r"a[\s\S]b"),
        ("(?P<a>x)yz(?<b>w)", "(?:x)yz(?:w)"),
    ],
)
def test_the_same_in_other_words(given: str, made: str) -> None:
    assert translate(given).text == made
    re.compile(made.encode())


def test_one_group_becomes_the_secret() -> None:
    assert capturing("(a)(?:b)(?P<c>d)(?i:e)") == 2
    assert translate("(abc)=(d)", secret=2).text == "(?:abc)=(?P<secret>d)"


def test_repeats_are_bounded_as_long_as_a_match_may_be() -> None:
    made = translate("abc[x-z]+(?:[a-c]+)+")
    assert (made.bound, made.text) == (16, "abc[x-z]{1,17}(?:[a-c]{1,17}){1,17}")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (r"\pLabc", "Unicode"),
        (r"[\p{Greek}]abc", "Unicode"),
        (r"a\x{263a}", "several bytes"),
        ("(?m)^abc", "flag m"),
        ("(?U)abc", "flag U"),
        ("(?i)a(?-i)b", "counterpart"),
        ("[[:^alpha:]]abc", "counterpart"),
        ("abc)", "not opened"),
        ("(abc", "do not close"),
        ("a[bc", "not a regular expression"),
        ("((a+)+)+", "512"),
        ("a*", "empty"),
    ],
)
def test_what_cannot_be_said(given: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        translate(given)


def test_a_group_that_is_not_there() -> None:
    with pytest.raises(RuleError, match="no group 2"):
        translate("(abc)", secret=2)
