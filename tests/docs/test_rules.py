"""docs/how-to/rules.md explains every key that a rule may have, and every reason for which a value is no finding."""

from __future__ import annotations

from pathlib import Path

from detectors import rulereader
from detectors.extents import EXTENTS
from detectors.profiles import PROFILES
from detectors.stats import REASONS

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "rules.md").read_text()


def unexplained(words) -> list[str]:
    return sorted(word for word in words if f"`{word}`" not in PAGE)


def test_every_key_of_a_rule_is_explained() -> None:
    assert unexplained(rulereader._RULE_KEYS) == []


def test_every_reason_is_explained() -> None:
    assert unexplained(REASONS) == []


def test_every_profile_and_extent_is_explained() -> None:
    assert unexplained([*PROFILES, *EXTENTS]) == []
