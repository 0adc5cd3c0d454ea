"""Which records of a topic a replay reads: those that were appended since a time and are there when it begins. No group, no position moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from monitor.bus.base import Bus, TopicPartition

_LOOK: Final = 8  # records of one look: offsets may have holes on Kafka


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets `next` to `end`, `end` not included, of one partition."""

    topic: str
    partition: int
    next: int
    end: int

    @property
    def place(self) -> TopicPartition:
        return TopicPartition(self.topic, self.partition)

    @property
    def left(self) -> int:
        return max(0, self.end - self.next)

    def after(self, offset: int) -> Span:
        """What is left when `offset` was dealt with."""
        return replace(self, next=min(self.end, offset + 1))


async def spans_since(bus: Bus, topic: str, since: float) -> list[Span]:
    """One a partition. `since`: epoch seconds, by the bus's clock. Raises BusError."""
    ends = await bus.end_offsets([topic])
    return [
        Span(topic, place.partition, await _first_since(bus, place, end, since), end)
        for place, end in sorted(ends.items())
    ]


async def _first_since(bus: Bus, place: TopicPartition, end: int, since: float) -> int:
    """The offset of the first record that was appended at `since` or later, `end` if there is none: records lie in the order of time."""
    first = await bus.read(place, 0, 1)
    low, high = (first[0].offset if first else end), end
    while low < high:
        middle = (low + high) // 2
        found = await bus.read(place, middle, _LOOK)
        if found and found[0].appended_at < since:
            low = found[0].offset + 1
        else:  # late enough, or nothing behind it
            high = middle
    return low
