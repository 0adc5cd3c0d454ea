"""Encodings that hide a credential from the first pass: one a module, found by looking into this package.

A module has a `DECODER`. It contributes trigger expressions to the rules' database (no expression of its own over the whole text)
and, asked about a hit, says which run of the text is encoded and what it decodes to. Everything is within a budget.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from detectors import containers, files
from detectors.beginnings import FIRSTS
from detectors.buffers import Buffer
from detectors.decoders.base import Decoder, Run, Trigger
from detectors.errors import RuleError
from detectors.ruleset import RuleSet
from detectors.stats import Budget

__all__ = ["Decoder", "Decoding", "Run", "Trigger", "decoders", "triggers"]

_FORMAT: Final = b"leakstream-triggers-1"
_MAKERS: Final = ("decoders", "expressions.py", "syntax.py")  # the code that makes triggers of rules

_SHARED: Final = frozenset({"base", "rewriting"})  # no encodings
# Documents of documents that no mark at their beginning tells: the scanner unfolds them (detectors.unfolding).
_FOLDED: Final = (
    Trigger("tar", r"ustar(?:\x00|  )"),
    Trigger(containers.NOTEBOOK, r'"nbformat"'),
    Trigger("diff", r"(?m:^@@ -[0-9]{1,9}(?:,[0-9]{1,9})? \+[0-9])"),
)
_LEAST_ROOM: Final = 64 * 1024
_GROWTH: Final = 16  # bytes decoded, on all levels together, of one that was given


@cache
def decoders() -> tuple[Decoder, ...]:
    """All decoders, by module name. Raises RuleError when a module has none."""
    found = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda i: i.name):
        if info.name in _SHARED:
            continue
        module = importlib.import_module(f"{__name__}.{info.name}")
        if not isinstance(getattr(module, "DECODER", None), Decoder):
            raise RuleError(f"{module.__name__} has no DECODER: Decoder; add it")
        found.append(module.DECODER)
    return tuple(found)


def triggers(ruleset: RuleSet, folder: Path) -> tuple[Trigger, ...]:
    """Of all decoders and containers, in the order of their expressions behind the rules'. Blocks: some milliseconds where `folder` or
    the wheel has them, 50 where they must be made of the rules.
    """
    name = f"{ruleset.digest[:24]}-{files.code_digest(_MAKERS)[:24]}.triggers"
    stored = files.stored(name, _FORMAT, folder)
    if stored is not None:
        return tuple(
            Trigger(**{**entry, "plain": entry["plain"].encode("latin-1")}) for entry in json.loads(stored)
        )
    made = (*(trigger for decoder in decoders() for trigger in decoder.triggers(ruleset)), *_FOLDED)
    table = [{**asdict(trigger), "plain": trigger.plain.decode("latin-1")} for trigger in made]
    files.write_sealed(folder / name, _FORMAT, json.dumps(table).encode())
    return made


class Decoding:
    """The decoders of one rule set within one budget. Not thread-safe."""

    def __init__(self, ruleset: RuleSet, budget: Budget, folder: Path) -> None:
        """`folder`: where the triggers are kept."""
        self._ruleset = ruleset
        self._budget = budget
        self._folder = folder
        self._room = self._runs = 0
        self._by_name = {decoder.name: decoder for decoder in decoders()}
        self._whole = {mark: decoder for decoder in decoders() for mark in decoder.marks}

    @cached_property
    def triggers(self) -> tuple[Trigger, ...]:
        """In the order of their expressions behind the rules'."""
        return triggers(self._ruleset, self._folder)

    def begin(self, size: int) -> None:
        """A document of `size` bytes comes; what is decoded of it, on all levels together, is within its budget."""
        self._room = min(self._budget.decoded_bytes, _LEAST_ROOM + _GROWTH * size)
        self._runs = self._budget.decoded_runs

    def folded(self, buffer: Buffer, low: int, high: int, triggered: Sequence[tuple[int, int]]) -> str:
        """The kind of the container that the document is, `diff`, or "" for a document of its own."""
        names = {self.triggers[number].decoder for number, _ in triggered}
        hints = names - self._by_name.keys()
        if not hints and (low == high or buffer[low] not in FIRSTS):
            return ""
        kind = containers.kind_of(bytes(buffer[low : min(high, low + containers.HEAD)]))
        return kind or min(hints - {"tar"}, default="")

    def runs(
        self, buffer: Buffer, low: int, high: int, triggered: Sequence[tuple[int, int]]
    ) -> tuple[list[Run], int]:
        """Decoded runs of the document buffer[low:high] and how many were left undecoded for the budget's sake.

        `triggered` are (number of the trigger, end). A run is taken once an encoding, whatever hits stand in it.
        """
        found: list[Run] = []
        taken: dict[str, int] = {}
        cut = 0
        if decoder := self._whole.get(bytes(buffer[low : low + 2])):
            run = decoder.take_all(buffer, low, min(high, low + 2 * self._room))
            taken[decoder.name] = high
            found.append(run)
            self._room -= len(run.data)
        for number, hit in sorted(triggered, key=lambda pair: pair[1]):
            decoder = self._by_name.get(self.triggers[number].decoder)
            if decoder is None:  # the mark of a container
                continue
            if hit <= taken.get(decoder.name, low):
                continue
            if self._room <= 0 or self._runs <= 0:
                cut += 1
                continue
            begin = max(low, taken.get(decoder.name, low))
            taken_run = decoder.take(buffer, begin, high, hit, self.triggers[number])
            if taken_run is not None and taken_run.data:
                taken[decoder.name] = taken_run.end
                found.append(taken_run)
                self._room -= len(taken_run.data)
                self._runs -= 1
        return found, cut
