"""A bar's own list of a topic's records: which document lies at which offset. Read from the brokers while the records are there."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from monitor.aio import sleep_until
from monitor.bus.base import Bus, TopicPartition
from monitor.contracts import DOCUMENTS, Document

_EVERY: Final = 1.0  # seconds; retention must be much longer
_AT_ONCE: Final = 500


@dataclass(slots=True)
class OwnList:
    """`ids`: by partition, the document at each offset. `missed`: offsets that were gone before we saw them; must be none."""

    bus: Bus
    ids: dict[int, dict[int, str]] = field(default_factory=dict)
    missed: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, then to the end. Raises BusError."""
        places = list(await self.bus.end_offsets([DOCUMENTS]))
        self.ids = {place.partition: {} for place in places}
        while True:
            last = stop.is_set()
            for place in places:
                await self._read(place)
            if last:
                return
            await sleep_until(stop, _EVERY)

    async def _read(self, place: TopicPartition) -> None:
        known = self.ids[place.partition]
        while True:
            begin = max(known, default=-1) + 1
            records = await self.bus.read(place, begin, _AT_ONCE)
            if not records:
                return
            self.missed += records[0].offset - begin
            known |= {record.offset: Document.read(record).id for record in records}

    @property
    def total(self) -> int:
        return sum(map(len, self.ids.values()))
