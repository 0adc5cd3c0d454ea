"""What is still to be done on a bus and in the store, asked from outside of the processes that do it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.bars.judging import read_store
from monitor.bus.base import Bus, BusError
from monitor.contracts import COVERAGE, DEAD_LETTER_SUFFIX, DOCUMENTS, FINDINGS, SIGHTINGS

GROUPS: Final = {"match": (DOCUMENTS,), "alert": (FINDINGS, SIGHTINGS, COVERAGE)}
UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class Remaining:
    bus: Bus
    store: Path

    async def left(self) -> dict[str, int]:
        """Records that each group has not read, notifications that are not delivered. UNKNOWN where the bus does not answer."""
        left = {}
        for group, topics in GROUPS.items():
            try:
                left[group] = sum(lag.records for lag in (await self.bus.lag(group, topics)).values())
            except BusError:
                left[group] = UNKNOWN
        store = await asyncio.to_thread(read_store, self.store)
        left["outbox"] = sum(row["state"] == "pending" for row in store.outbox)
        return left

    async def records(self) -> Counter[str]:
        """How many each topic ever had. Raises BusError."""
        return await self._ends([DOCUMENTS, FINDINGS])

    async def dead_letters(self) -> int:
        """Raises BusError."""
        topics = [topic + DEAD_LETTER_SUFFIX for group in GROUPS.values() for topic in group]
        return (await self._ends(topics)).total()

    async def _ends(self, topics: Sequence[str]) -> Counter[str]:
        found: Counter[str] = Counter()
        for place, end in (await self.bus.end_offsets(topics)).items():
            found[place.topic] += end
        return found
