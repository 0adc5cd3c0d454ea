"""Encodings that hide a credential from the first pass: one a module, found by looking into this package.

A module has a `DECODER`. It contributes trigger expressions to the rules' database (no expression of its own over the whole text)
and, asked about a hit, says which run of the text is encoded and what it decodes to. Everything is within a budget.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from detectors.buffers import Buffer
from detectors.decoders.base import Decoder, Run, Trigger
from detectors.errors import RuleError
from detectors.ruleset import RuleSet
from detectors.stats import Budget

__all__ = ["Decoder", "Decoding", "Run", "Trigger", "decoders"]


@cache
def decoders() -> tuple[Decoder, ...]:
    """All decoders, by module name. Raises RuleError when a module has none."""
    found = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        if info.name == "base":
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        if not isinstance(getattr(module, "DECODER", None), Decoder):
            raise RuleError(f"{module.__name__} has no DECODER: Decoder; add it")
        found.append(module.DECODER)
    return tuple(found)


class Decoding:
    """The decoders of one rule set within one budget. Not thread-safe."""

    def __init__(self, ruleset: RuleSet, budget: Budget) -> None:
        self._budget = budget
        pairs = [(decoder, trigger) for decoder in decoders() for trigger in decoder.triggers(ruleset)]
        self.triggers: tuple[Trigger, ...] = tuple(trigger for _, trigger in pairs)
        self._owners = tuple(decoder for decoder, _ in pairs)
        self._whole = {mark: decoder for decoder in decoders() for mark in decoder.marks}
        self.marks = tuple(self._whole)  # what a document begins with that is decoded whole

    def runs(
        self, buffer: Buffer, low: int, high: int, triggered: Sequence[tuple[int, int]]
    ) -> tuple[list[Run], int]:
        """Decoded runs of the document buffer[low:high] and how many were left undecoded for the budget's sake.

        `triggered` are (number of the trigger, end). A run is taken once an encoding, whatever hits stand in it.
        """
        found: list[Run] = []
        taken: dict[str, int] = {}
        room, cut = self._budget.decoded_bytes, 0
        if decoder := self._whole.get(bytes(buffer[low : low + 2])):
            run = decoder.take_all(buffer, low, min(high, low + 2 * room))
            taken[decoder.name] = high
            found.append(run)
            room -= len(run.data)
        for number, hit in sorted(triggered, key=lambda pair: pair[1]):
            decoder = self._owners[number]
            if hit <= taken.get(decoder.name, low):
                continue
            if room <= 0 or len(found) >= self._budget.decoded_runs:
                cut += 1
                continue
            taken_run = decoder.take(
                buffer, max(low, taken.get(decoder.name, low)), high, hit, self.triggers[number]
            )
            if taken_run is not None and taken_run.data:
                taken[decoder.name] = taken_run.end
                found.append(taken_run)
                room -= len(taken_run.data)
        return found, cut
