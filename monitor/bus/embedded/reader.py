"""Reading for one member: fetch what is there, else wait for it, in a thread of its own.

Producers of the same process ring a bell. For those of other processes the thread asks SQLite every 10 to 100 ms, the
longer nothing came, whether anything was committed to the file: no empty fetch, next to no CPU.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from monitor.bus.base import BusError, Lost, Record, TopicPartition
from monitor.bus.embedded.log import Span, TopicLog
from monitor.bus.embedded.producer import Bells

_MAX_POLL_BYTES: Final = 16 * 1024 * 1024
_NAP_MIN, _NAP_MAX = 0.01, 0.1  # seconds


class Reader:
    """Fetches and waits, in the thread of one Worker; `bell` wakes it from any thread."""

    def __init__(self, logs: Mapping[str, TopicLog], bells: Bells, bell: threading.Event) -> None:
        self._logs = logs
        self._bells = bells
        self._bell = bell
        self._nap = _NAP_MIN
        self._turn = 0
        bells.listen(list(logs), bell)

    def close(self) -> None:
        self._bells.forget(self._bell)
        for log in self._logs.values():
            log.close()

    def fetch(
        self,
        positions: Mapping[TopicPartition, int],
        max_records: int,
        wait: float,
        interrupted: Callable[[], bool],
    ) -> tuple[list[Record], list[Lost]]:
        """What is there, else wait for it. Returns early, perhaps with nothing, when `interrupted()`."""
        deadline = time.monotonic() + wait
        while True:
            self._bell.clear()
            versions = [log.db.changed() for log in self._logs.values()]
            records, lost = self._look(positions, max_records)
            if records or lost:
                self._nap = _NAP_MIN
                return records, lost
            if not self._sleep(versions, deadline, interrupted):
                return [], []

    def _sleep(self, versions: list[int], deadline: float, interrupted: Callable[[], bool]) -> bool:
        """Until something changed. False at the deadline or when interrupted."""
        while not interrupted():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._bell.wait(min(self._nap, left)):
                self._nap = _NAP_MIN
                return not interrupted()
            self._nap = min(self._nap * 1.3, _NAP_MAX)
            if [log.db.changed() for log in self._logs.values()] != versions:
                return True
        return False

    def _look(
        self, positions: Mapping[TopicPartition, int], max_records: int
    ) -> tuple[list[Record], list[Lost]]:
        records: list[Record] = []
        lost: list[Lost] = []
        self._turn += 1  # each look begins with another partition, so that none starves
        places = sorted(positions)
        start = self._turn % len(places) if places else 0
        by_topic: dict[str, dict[int, int]] = {}
        for place in places[start:] + places[:start]:
            by_topic.setdefault(place.topic, {})[place.partition] = positions[place]
        size = 0
        for topic, wanted in by_topic.items():
            if len(records) >= max_records or size >= _MAX_POLL_BYTES:
                break
            found, spans = self._logs[topic].fetch(wanted, max_records - len(records), _MAX_POLL_BYTES - size)
            records += found
            size += sum(len(record.value) for record in found)
            lost += _gaps(topic, wanted, spans)
        return records, lost


def _gaps(topic: str, wanted: Mapping[int, int], spans: Mapping[int, Span]) -> list[Lost]:
    for partition, position in wanted.items():
        if position > spans[partition].next:
            raise BusError(
                f"a group stands at {position} of {topic}[{partition}], which ends at {spans[partition].next}: was an older copy of "
                "the file put back?"
            )
    return [
        Lost(TopicPartition(topic, partition), position, spans[partition].first - 1)
        for partition, position in wanted.items()
        if position < spans[partition].first
    ]
