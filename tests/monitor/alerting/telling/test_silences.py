import pytest

from alerting_samples import NOON, exposure
from monitor.alerting.telling.silences import BadSilence, checked, silencing
from monitor.store.model import Silence


def silence(even_critical=False, **matches):
    return Silence(1, NOON, NOON + 60, matches, even_critical, "a reason", NOON, "ann")


@pytest.mark.parametrize(
    ("matches", "fits"),
    [
        ({"rule": "example-token"}, True),
        ({"rule": "example"}, False),
        ({"rule": "EXAMPLE-*"}, True),
        ({"provider": "exam*"}, True),
        ({"repository": "acme/*"}, True),
        ({"repository": "acme"}, False),
        ({"repository": "acme/code.*"}, False),  # a dot is a dot
        ({"severity": "high"}, True),
        ({"severity": "critical"}, False),
        ({"owner": "organisation"}, True),
        ({"owner": "domain"}, False),
        ({"incident": "*code"}, True),
        ({"incident": "other"}, False),
        ({"repository": "acme/*", "severity": "low"}, False),
        ({"repository": "acme/*", "severity": "high"}, True),
    ],
)
def test_a_silence_fits_what_has_everything_that_it_names(matches, fits):
    assert bool(silencing(exposure(), "acme/code", [silence(**matches)])) is fits


def test_the_worst_is_silenced_only_on_purpose():
    worst = exposure(severity="critical", verdict="proved")
    assert not silencing(worst, "", [silence(rule="*")])
    assert silencing(worst, "", [silence(rule="*", even_critical=True)])
    assert silencing(exposure(severity="critical"), "", [silence(rule="*")])


def test_a_long_pattern_does_not_stand_still():
    long = exposure(repository="a" * 200_000)
    assert not silencing(long, "", [silence(repository="*a" * 140 + "b")])
    assert silencing(long, "", [silence(repository="*a" * 140)])


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("**", "x", True),
        ("a*b", "ab", True),
        ("a*a", "a", False),
        ("*b*", "abc", True),
        ("a*b*c", "axbyc", True),
        ("a*c*b", "axbyc", False),
        ("a*bc*c", "abc", False),
    ],
)
def test_a_star_is_any_text(pattern, text, fits):
    assert bool(silencing(exposure(repository=text), "", [silence(repository=pattern)])) is fits


@pytest.mark.parametrize(
    ("matches", "until", "reason", "said"),
    [
        ({}, 2.0, "r", "names what it silences"),
        ({"rule": " "}, 2.0, "r", "names what it silences"),
        ({"colour": "red"}, 2.0, "r", "matched by"),
        ({"rule": "x" * 301}, 2.0, "r", "at most 300"),
        ({"severity": "bad"}, 2.0, "r", "severity is one of"),
        ({"rule": "x"}, 2.0, " ", "needs a reason"),
        ({"rule": "x"}, 1.0, "r", "ends before"),
    ],
)
def test_what_can_not_be_one(matches, until, reason, said):
    with pytest.raises(BadSilence, match=said):
        checked(matches, since=1.0, until=until, reason=reason)


def test_what_is_named_is_kept_without_blanks():
    assert checked({"rule": " x ", "owner": ""}, since=1.0, until=2.0, reason="r") == {"rule": "x"}
