"""`[objectives]`: what the operator promises himself, where that hangs on what he pays for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitor.config import Section
from monitor.metrics.objectives import SEEN_SHARE

Share = Annotated[float, Field(gt=0, le=1)]


class ObjectiveSettings(Section):
    """What is promised of each source; all other objectives are in docs/reference/objectives.md."""

    seen_share: dict[str, Share] = Field(
        dict(SEEN_SHARE),
        description="source -> the least share of its stream that is to be seen, 0 to 1; alerts fire below it",
    )
