"""Who reads what, and how far: members, leases and positions of all groups, in one file apart from the records.

There is no leader. Every member, at its heartbeat, drops the members whose lease ran out, reckons its fair share of each
topic from the list of members, takes free partitions up to that share and learns which of its own are above it. Shares
add up to the number of partitions, so the members converge. Each change of owner raises the partition's epoch; a
commit names the epoch and is refused when it is no longer the current one.

Lease times are on the monotonic clock, which all processes of a host share and no time server moves. After a reboot it
starts again: a lease that ends much later than its member could have asked for is one of those, and over.

A commit need not survive power loss: the position then falls back and records are read twice, never skipped.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitor.bus.base import Fenced, TopicPartition
from monitor.bus.embedded.sqlite import Database

_SCHEMA: Final = (
    "CREATE TABLE groups (name TEXT PRIMARY KEY, generation INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE members (
        grp TEXT NOT NULL, id TEXT NOT NULL, topics TEXT NOT NULL, session REAL NOT NULL, expires REAL NOT NULL,
        PRIMARY KEY (grp, id)) WITHOUT ROWID""",
    """CREATE TABLE positions (
        topic TEXT NOT NULL, partition INTEGER NOT NULL, grp TEXT NOT NULL, position INTEGER NOT NULL,
        owner TEXT, epoch INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (topic, partition, grp)) WITHOUT ROWID""",
)
_REMEDY: Final = (
    "Stop every process of the service, move the file and its -wal and -shm away and start again: each group then reads "
    "all retained records once more, and nothing is lost."
)


@dataclass(frozen=True, slots=True)
class Lease:
    epoch: int
    position: int


@dataclass(frozen=True, slots=True)
class Beat:
    """What a member learns at a heartbeat: what it owns, and what of that it should give up."""

    generation: int
    owned: Mapping[TopicPartition, Lease] = field(default_factory=dict)
    excess: Sequence[TopicPartition] = ()


@dataclass(frozen=True, slots=True)
class Member:
    group: str
    id: str
    topics: tuple[str, ...]
    session: float  # seconds that a lease lasts without a heartbeat


class Groups:
    """Blocking; for one thread. Raises what Database raises. `clock` must be the same for all processes."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._db = Database(path, schema=_SCHEMA, version=1, durable=False, remedy=_REMEDY)

    def close(self) -> None:
        self._db.close()

    def introduce(self, group: str, firsts: Mapping[TopicPartition, int]) -> None:
        """Give the group a position on each partition where it has none."""
        with self._db.write() as run:
            run.execute("INSERT OR IGNORE INTO groups VALUES (?, 0)", (group,))
            run.executemany(
                "INSERT OR IGNORE INTO positions (topic, partition, grp, position) VALUES (?, ?, ?, ?)",
                [(place.topic, place.partition, group, first) for place, first in firsts.items()],
            )

    def beat(self, member: Member) -> Beat:
        """Renew the lease, take what is free up to the fair share, tell what is above it. Also how a member joins."""
        with self._db.write() as run:
            now = self._clock()  # inside the lock, so that the order of beats is the order of their times
            known = run.execute(
                "SELECT 1 FROM members WHERE grp = ? AND id = ?", (member.group, member.id)
            ).fetchone()
            run.execute(
                "INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?)",
                (member.group, member.id, json.dumps(member.topics), member.session, now + member.session),
            )
            gone = run.execute(
                "DELETE FROM members WHERE grp = ? AND (expires < ? OR expires > ? + 2 * session)",
                (member.group, now, now),
            ).rowcount
            if gone or not known:
                run.execute(
                    """UPDATE positions SET owner = NULL WHERE grp = ? AND owner IS NOT NULL
                    AND owner NOT IN (SELECT id FROM members WHERE grp = ?)""",
                    (member.group, member.group),
                )
                self._announce(member.group)
            excess = [place for topic in member.topics for place in self._take_share(member, topic)]
            owned = run.execute(
                "SELECT topic, partition, epoch, position FROM positions WHERE grp = ? AND owner = ?",
                (member.group, member.id),
            ).fetchall()
            return Beat(
                self._generation(member.group),
                {TopicPartition(t, p): Lease(epoch, position) for t, p, epoch, position in owned},
                excess,
            )

    def _take_share(self, member: Member, topic: str) -> list[TopicPartition]:
        """Inside a write. Returns what is above the share."""
        run = self._db.connection.execute
        members = sorted(
            name
            for name, topics in run("SELECT id, topics FROM members WHERE grp = ?", (member.group,))
            if topic in json.loads(topics)
        )
        rows = run(
            "SELECT partition, owner FROM positions WHERE topic = ? AND grp = ? ORDER BY partition",
            (topic, member.group),
        ).fetchall()
        # the remainder goes to other members for other topics
        rank = (members.index(member.id) + zlib.crc32(topic.encode())) % len(members)
        share = len(rows) // len(members) + (rank < len(rows) % len(members))
        mine = [partition for partition, owner in rows if owner == member.id]
        free = [partition for partition, owner in rows if owner is None]
        for partition in free[: max(0, share - len(mine))]:
            run(
                "UPDATE positions SET owner = ?, epoch = epoch + 1 WHERE topic = ? AND partition = ? AND grp = ?",
                (member.id, topic, partition, member.group),
            )
        return [TopicPartition(topic, partition) for partition in mine[share:]]

    def generation(self, group: str) -> int:
        """Changes when a member joins, leaves, expires or gives partitions up: a reason for a heartbeat now."""
        with self._db.read():
            return self._generation(group)

    def release(self, member: Member, places: Sequence[TopicPartition]) -> None:
        """Give partitions up for others to take."""
        with self._db.write() as run:
            run.executemany(
                "UPDATE positions SET owner = NULL WHERE topic = ? AND partition = ? AND grp = ? AND owner = ?",
                [(p.topic, p.partition, member.group, member.id) for p in places],
            )
            self._announce(member.group)

    def leave(self, member: Member) -> None:
        with self._db.write() as run:
            run.execute("DELETE FROM members WHERE grp = ? AND id = ?", (member.group, member.id))
            run.execute(
                "UPDATE positions SET owner = NULL WHERE grp = ? AND owner = ?", (member.group, member.id)
            )
            self._announce(member.group)

    def commit(self, member: Member, offsets: Mapping[TopicPartition, tuple[int, int]]) -> None:
        """Store (offset, epoch) of each partition, all or none. Raises Fenced."""
        with self._db.write() as run:
            for place, (offset, epoch) in offsets.items():
                stored = run.execute(
                    """UPDATE positions SET position = ?
                    WHERE topic = ? AND partition = ? AND grp = ? AND owner = ? AND epoch = ?""",
                    (offset, place.topic, place.partition, member.group, member.id, epoch),
                ).rowcount
                if not stored:
                    raise Fenced(
                        f"{place.topic}[{place.partition}] belongs to another member of {member.group}"
                    )

    def positions(self, group: str, topic: str) -> dict[int, int]:
        """Of each partition; empty for a group that never joined."""
        with self._db.read() as run:
            return dict(
                run.execute(
                    "SELECT partition, position FROM positions WHERE topic = ? AND grp = ?", (topic, group)
                ).fetchall()
            )

    def slowest(self, topic: str) -> dict[int, int]:
        """The lowest position of any group on each partition; empty when no group reads the topic."""
        return self._extreme("MIN", topic)

    def furthest(self, topic: str) -> dict[int, int]:
        """The highest position of any group on each partition."""
        return self._extreme("MAX", topic)

    def _extreme(self, which: str, topic: str) -> dict[int, int]:
        with self._db.read() as run:
            return dict(
                run.execute(
                    f"SELECT partition, {which}(position) FROM positions WHERE topic = ? GROUP BY partition",  # noqa: S608 - two constants
                    (topic,),
                ).fetchall()
            )

    def _generation(self, group: str) -> int:
        row = self._db.connection.execute("SELECT generation FROM groups WHERE name = ?", (group,)).fetchone()
        return int(row[0]) if row else 0

    def _announce(self, group: str) -> None:
        self._db.connection.execute("UPDATE groups SET generation = generation + 1 WHERE name = ?", (group,))
