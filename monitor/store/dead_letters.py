"""Which dead letters were sent again or dropped. A log deletes nothing by the piece, so it is remembered here, for any bus."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import execute_many, insert_or_replace
from monitor.store.tables import dead_letters_done


class LetterKey(NamedTuple):
    """One record of a dead-letter topic. The time tells it from one that a topic made anew gives the same offset."""

    topic: str
    partition: int
    offset: int
    appended_at: float


class Mark(NamedTuple):
    """What was done with it last (retried | dropped), when and by whom."""

    verb: str
    at: float
    actor: str


async def marks_of(connection: AsyncConnection, topic: str) -> dict[LetterKey, Mark]:
    """Of every letter of this dead-letter topic that was dealt with and is remembered."""
    table = dead_letters_done.c
    query = select(dead_letters_done).where(table.topic == topic)
    return {
        LetterKey(row["topic"], row["partition"], row["offset"], row["appended_at"]): Mark(
            row["verb"], row["at"], row["actor"]
        )
        for row in (await connection.execute(query)).mappings()
    }


async def mark(connection: AsyncConnection, keys: Iterable[LetterKey], done: Mark) -> None:
    """Remember `done` of each; it takes the place of an earlier mark."""
    rows = [{**key._asdict(), **done._asdict()} for key in keys]
    await execute_many(
        connection, insert_or_replace(connection, dead_letters_done, "verb", "at", "actor"), rows
    )
