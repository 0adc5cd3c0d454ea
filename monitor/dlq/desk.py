"""What an operator does with dead letters, on any bus and beside a running service. Every look and every change is audited.

A log deletes nothing by the piece. So what was dealt with is remembered in the store, and the record itself stays until its topic's
retention takes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

from monitor.bus.base import Bus, Record, TopicPartition
from monitor.bus.deadletters import exhume
from monitor.contracts import DEAD_LETTER_SUFFIX
from monitor.dlq.letter import Letter, LetterId, UnknownLetter, key_of, letter_of, masked
from monitor.store.dead_letters import LetterKey, Mark, mark, marks_of
from monitor.store.engine import Store
from monitor.store.records import add_audit

_CHUNK: Final = 50  # records looked at, sent, marked at once
RETRIED, DROPPED = "retried", "dropped"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters. "" = any; `done` also those that were dealt with."""

    topic: str = ""
    reason: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One letter whole, but for its content. `digest` is the value's SHA-256, `headers` name -> length in bytes."""

    letter: Letter
    digest: str
    headers: Mapping[str, int]


class DeadLetters:
    """For the tasks of one event loop. Methods raise BusError (UnknownTopic where the service never made its topics), StoreBusy.

    `topics` are those that have dead letters, without the suffix. `mask` hides every secret in a text; it may block for a
    millisecond.
    """

    def __init__(
        self,
        store: Store,
        bus: Bus,
        topics: Sequence[str],
        *,
        mask: Callable[[str], str],
        clock: Callable[[], float],
    ) -> None:
        self.topics = tuple(topics)
        self._store = store
        self._bus = bus
        self._mask = lru_cache(maxsize=1024)(mask)
        self._clock = clock

    async def list(self, wanted: Wanted, *, actor: str) -> Sequence[Letter]:
        """Topic after topic, the newest first in each."""
        found = await self.choose(wanted)
        await self._audit(actor, "dlq_listed", {"shown": len(found)})
        return found

    async def choose(self, wanted: Wanted) -> Sequence[Letter]:
        """As `list`, for `retry` or `drop`."""
        found: list[Letter] = []
        for topic in [wanted.topic] if wanted.topic else self.topics:
            done = await self._marks(topic)
            letters = [
                letter_of(record, done.get(key_of(record)), self._mask) async for record in self._walk(topic)
            ]
            letters.sort(key=lambda letter: (letter.buried_at, letter.id), reverse=True)
            found += [
                letter
                for letter in letters
                if wanted.reason in ("", letter.burial.reason) and (wanted.done or letter.done is None)
            ]
        return found

    async def named(self, ids: Iterable[LetterId]) -> Sequence[Letter]:
        """These, dealt with or not. Raises UnknownLetter."""
        found = []
        for each in dict.fromkeys(ids):
            record = await self._record(each)
            done = await self._marks(each.topic)
            found.append(letter_of(record, done.get(key_of(record)), self._mask))
        return found

    async def show(self, letter: LetterId, *, actor: str) -> Shown:
        """Raises UnknownLetter."""
        record = await self._record(letter)
        done = (await self._marks(letter.topic)).get(key_of(record))
        await self._audit(actor, "dlq_shown", {"letters": [str(letter)]})
        return Shown(
            letter_of(record, done, self._mask),
            hashlib.sha256(record.value).hexdigest(),
            {masked(name, self._mask): len(value) for name, value in record.headers.items()},
        )

    async def content(self, letter: LetterId, *, actor: str) -> bytes:
        """The value as it lies: plain text. Audited before it is handed out. Raises UnknownLetter."""
        record = await self._record(letter)
        await self._audit(actor, "dlq_content", {"letters": [str(letter)]})
        return record.value

    async def retry(self, letters: Sequence[Letter], *, actor: str) -> int:
        """Send them again to the topics that they were meant for. Returns how many; the rest is gone, retention took it.

        First sent, then marked: who is stopped in between sends some of them twice, which every stage stands, and loses none.
        Raises Backpressure: what was sent until then is marked, the rest is as it was.
        """
        producer, sent = self._bus.producer(), 0
        try:
            async for records in self._fetch(letters):
                await producer.send([exhume(record) for record in records])
                await self._done([key_of(record) for record in records], RETRIED, actor)
                sent += len(records)
        finally:
            await producer.close()
        return sent

    async def drop(self, letters: Sequence[Letter], *, actor: str) -> int:
        """Never list them again as open. Returns how many."""
        keys = [letter.key for letter in letters]
        for at in range(0, len(keys), _CHUNK):
            await self._done(keys[at : at + _CHUNK], DROPPED, actor)
        return len(keys)

    async def _walk(self, topic: str) -> AsyncIterator[Record]:
        """Every dead letter of the topic that is there now; those that are buried meanwhile are left for the next time."""
        ends = await self._bus.end_offsets([topic + DEAD_LETTER_SUFFIX])
        for place, end in sorted(ends.items()):
            at = 0
            while at < end:
                records = [
                    record for record in await self._bus.read(place, at, _CHUNK) if record.offset < end
                ]
                if not records:
                    break
                for record in records:
                    yield record
                at = records[-1].offset + 1

    async def _fetch(self, letters: Iterable[Letter]) -> AsyncIterator[Sequence[Record]]:
        """Their records, as far as they are there still, some at a time."""
        keys = sorted({letter.key for letter in letters})
        for (topic, partition), group in groupby(keys, key=lambda key: (key.topic, key.partition)):
            pending = list(group)
            while pending:
                first = pending[0].offset
                near = sum(key.offset < first + _CHUNK for key in pending)
                limit = pending[near - 1].offset - first + 1
                records = await self._bus.read(TopicPartition(topic, partition), first, limit)
                if not records:
                    break
                wanted, last = set(pending), records[-1].offset
                if chosen := [record for record in records if key_of(record) in wanted]:
                    yield chosen
                pending = [key for key in pending if key.offset > last]

    async def _record(self, name: LetterId) -> Record:
        if name.topic not in self.topics:
            raise UnknownLetter(f"there are dead letters of {', '.join(self.topics)}")
        place = TopicPartition(name.topic + DEAD_LETTER_SUFFIX, name.partition)
        if place in await self._bus.end_offsets([place.topic]):
            for record in await self._bus.read(place, name.offset, 1):
                if record.offset == name.offset:
                    return record
        raise UnknownLetter(f"no dead letter lies at {name}: it never did, or retention took it")

    async def _marks(self, topic: str) -> Mapping[LetterKey, Mark]:
        async with self._store.read() as connection:
            return await marks_of(connection, topic + DEAD_LETTER_SUFFIX)

    async def _done(self, keys: Sequence[LetterKey], verb: str, actor: str) -> None:
        now = self._clock()
        names = [
            str(LetterId(key.topic.removesuffix(DEAD_LETTER_SUFFIX), key.partition, key.offset))
            for key in keys
        ]
        async with self._store.write() as connection:
            await mark(connection, keys, Mark(verb, now, actor))
            await add_audit(connection, at=now, actor=actor, verb=f"dlq_{verb}", detail={"letters": names})

    async def _audit(self, actor: str, verb: str, detail: Mapping[str, Any]) -> None:
        async with self._store.write() as connection:
            await add_audit(connection, at=self._clock(), actor=actor, verb=verb, detail=detail)
