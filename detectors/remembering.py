"""Verdicts on values, kept for when a value comes again: several rules ask about one, and a document writes it again and again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVarTuple

_VERDICTS: Final = (
    256  # of one judge: what a few documents hold; a text of many values only costs what it did
)
_LONGEST: Final = 128  # bytes of a value that is kept: a key block comes once

Question = TypeVarTuple("Question")


def remembered(judge: Callable[[*Question, bytes], str]) -> Callable[[*Question, bytes], str]:
    """The judge with a memory of its last verdicts, for one that says the same of the same. The value comes last. Thread-safe.

    Values that are no findings stay in memory a little longer for it, as many as the figures above say; nothing writes them anywhere.
    """
    kept = lru_cache(maxsize=_VERDICTS)(judge)

    @wraps(judge)
    def of(*question: *tuple[*Question, bytes]) -> str:
        value = question[-1]
        return judge(*question) if len(value) > _LONGEST else kept(*question)

    return of
