"""What a verdict, a level and a place's state mean, in a sentence for whoever was woken. Words of ours only. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERDICTS: Final[Mapping[str, str]] = {
    "proved": (
        "The value carries a check of its own (a checksum, a key's structure) and it holds: it is a real value of this kind, not a sample or a typing"
        " error. Nobody has tried whether it still works; found credentials are never used."
    ),
    "unprovable": (
        "Values of this kind carry nothing that could be checked offline. How it looks and what stands beside it speak for it, with the confidence"
        " that is given. Nobody has tried whether it works."
    ),
    "refuted": "The value's own check does not hold: it cannot be a working credential of this kind.",
}
LEVELS: Final[Mapping[str, str]] = {
    "proved": "Yours beyond what anybody could forge.",
    "claimed": "Something points to you that anybody could have written; it pages nobody by itself.",
    "none": "Nothing ties it to what you watch. Its place and its text are not shown.",
}
PUBLIC: Final[Mapping[str, str]] = {
    "public": "It still stands where it was found.",
    "cleaned": "It is gone from the head, and still in the history for everybody who looks.",
    "removed": "It stands at none of its known places any more. Who copied it before has it.",
    "unknown": "Nobody has been able to look again yet.",
}
