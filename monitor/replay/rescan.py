"""Documents scanned once more, in the process of the command: finding events in `Mode.REPLAY`, nothing put on the bus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import orjson

from monitor.bus.base import Handler, Message, Record
from monitor.contracts import FINDINGS, SIGHTINGS, Document, InvalidRecord, Mode


class Rescan:
    """`handler` is the matcher's. For one event loop."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def found(self, documents: Sequence[Record]) -> tuple[list[Record], Counter[str]]:
        """What is in them, as records of findings.v1 and sightings.v1, and counts: scanned, exercise, known (no content: the text stands
        in another record), unreadable, unscannable. What the handler says of coverage is left out: it was said when they were scanned
        first. Raises UpgradeNeeded, PoolFailed.
        """
        counts: Counter[str] = Counter()
        marked = [again for record in documents if (again := _marked(record, counts)) is not None]
        if not marked:
            return [], counts
        handled = await self._handler(marked)
        counts["unscannable"] += len(handled.dead)
        counts["scanned"] += len(marked) - len(handled.dead)
        wanted = [message for message in handled.messages if message.topic in (FINDINGS, SIGHTINGS)]
        return [_record(message, number) for number, message in enumerate(wanted)], +counts


def _marked(record: Record, counts: Counter[str]) -> Record | None:
    try:
        metadata = Document.metadata(record.headers.get("m", b""))
    except InvalidRecord:
        counts["unreadable"] += 1  # it lies in the dead letters since
        return None
    if metadata.get("mode") == Mode.EXERCISE:
        counts["exercise"] += 1
        return None
    if metadata.get("known"):
        counts["known"] += 1
        return None
    header = orjson.dumps({**metadata, "mode": Mode.REPLAY.value})
    return record._replace(headers={**record.headers, "m": header})


def _record(message: Message, offset: int) -> Record:
    """As it would lie on the bus. The offset says nothing."""
    return Record(message.topic, 0, offset, message.key, message.value, message.headers, 0.0)
