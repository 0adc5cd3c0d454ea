"""How sure we are whose it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How sure we are whose it is."""

    NONE = "none"
    CLAIMED = "claimed"
    PROVED = "proved"

    @property
    def rank(self) -> int:
        """0 (none) to 2 (proved)."""
        return _LEVELS.index(self)


_LEVELS: Final = tuple(Level)
