from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from monitor.drills.settings import DrillSettings


def settings(**values: Any) -> DrillSettings:
    return DrillSettings.model_validate(values)


@pytest.mark.parametrize(("every", "seconds"), [("", 0), ("30m", 1800), ("6h", 21_600), ("1d", 86_400)])
def test_how_often(every: str, seconds: float) -> None:
    assert settings(every=every).interval == seconds


@pytest.mark.parametrize(
    "values",
    [
        {"every": "6"},
        {"every": "0h"},
        {"every": "six hours"},
        {"every": "1m"},  # shorter than a drill may take
        {"every": "6h", "sources": ["repository"]},
        {"sources": ["elsewhere"]},
        {"sources": []},
        {"repository": {"branch": "-x"}},
        {"repository": {"path": "../x"}},
    ],
)
def test_what_cannot_be_held_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)


def test_by_default_nothing_is_planted_and_no_repository_is_pushed_to() -> None:
    assert settings().interval == 0
    assert settings().repository.remote == ""
