from __future__ import annotations

import pytest

from detectors.backtracking import MOST_PATHS, paths
from detectors.syntax import parse


@pytest.mark.parametrize(
    ("expression", "ways"),
    [
        ("abc[a-z]{1,40}", 1),
        ("[a-z]{1,40}[0-9]", 1),
        ("[a-z]{1,5}[a-f]", 5),
        ("[a-z]{1,5}[a-f]{1,4}[a-c]", 20),
        ("(?:a|b)c", 1),
        ("(?:[ab]x|[bc]y)d", 2),
        ("(?:a{1,9}b){1,9}c", 1),
        ("(?:a{1,9}){1,9}b", MOST_PATHS + 1),
    ],
)
def test_ways_from_one_start(expression: str, ways: int) -> None:
    assert paths(list(parse(expression)), frozenset(), caseless=False) == ways
