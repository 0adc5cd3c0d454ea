from __future__ import annotations

import pytest
from pydantic import ValidationError

from monitor.metrics.objectives import SEEN_SHARE
from monitor.metrics.settings import ObjectiveSettings


def test_the_default_is_the_objectives() -> None:
    assert ObjectiveSettings().seen_share == SEEN_SHARE


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_a_share_is_one(share: float) -> None:
    with pytest.raises(ValidationError):
        ObjectiveSettings(seen_share={"github_events": share})
