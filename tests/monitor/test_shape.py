"""What JSON may hold for a dataclass. How the contracts use it, on hostile records too, is in test_contracts.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from monitor.shape import checked, split, telling


@dataclass(frozen=True)
class Inner:
    n: int = 0


@dataclass(frozen=True)
class Outer:
    name: str
    at: float
    maybe: int | None = None
    flag: bool = False
    words: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    inner: Inner = Inner()
    inners: tuple[Inner, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


GOOD = {"name": "a", "at": 1}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"at": 1.5, "maybe": 3, "flag": True, "words": ["x"], "counts": {"x": 1}},
        {"maybe": None, "inner": {}, "inners": [{"n": 1}], "later": object()},
    ],
)
def test_what_fits_is_handed_back_itself(more):
    raw = {**GOOD, **more}
    assert checked(Outer, raw) is raw


@pytest.mark.parametrize(
    "raw",
    [
        [],
        None,
        {"name": "a"},
        {**GOOD, "name": 1},
        {**GOOD, "at": True},  # a bool is an int to Python, not to JSON
        {**GOOD, "maybe": 1.5},
        {**GOOD, "flag": 1},
        {**GOOD, "words": "xy"},
        {**GOOD, "words": ["x", 1]},
        {**GOOD, "counts": {"x": "1"}},
        {**GOOD, "inner": 3},
        {**GOOD, "inners": [3]},
    ],
)
def test_what_does_not_fit_is_refused(raw):
    with pytest.raises(TypeError):
        checked(Outer, raw)


def test_the_unknown_is_kept_apart():
    assert split(Outer, {**GOOD, "later": 1, "extra": 2}) == (GOOD, {"later": 1, "extra": 2})


def test_defaults_are_not_told():
    assert telling(Outer("a", 0.0, maybe=None, flag=True, extra={"x": 1})) == {
        "name": "a",
        "at": 0.0,
        "flag": True,
        "counts": {},  # made anew for each: no default to compare with
    }
