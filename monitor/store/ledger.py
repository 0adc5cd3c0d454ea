"""The coverage ledger in SQL: a chain of entries that only grows at its end, and the seals over it. See `monitor.coverage.chain`.

Functions work inside a transaction of the caller. Whoever appends or seals holds the head's row until the transaction's end, so that
several writers on one store make one chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, and_, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.coverage.chain import Entry, Head, LedgerBroken, canonical
from monitor.coverage.merkle import Tree
from monitor.coverage.seals import DAY, FIRST_PREV, Seal, Signed, begin_of_day, day_of
from monitor.coverage.signing import Signer
from monitor.store.dialect import chunks, execute_many, insert_new
from monitor.store.records import set_meta
from monitor.store.tables import coverage, meta, seals

HEAD: Final = "ledger_head"  # in `meta`: number, hash and time, blanks between
_PAGE: Final = 1000  # entries read at once
_MOMENT: Final = 0.001  # seconds
_ENTRY: Final = (coverage.c.body, coverage.c.prev)


async def append(connection: AsyncConnection, events: Iterable[Mapping[str, Any]], *, now: float) -> int:
    """Write what is not in the ledger yet; how many entries that are. `events` as `coverage_objects` gives them.

    A span (of one source and feed, with the same blindness, repairing the same) that was told before is left alone. A gap is known
    by source, kind of blindness, partition and first offset: told again by whoever could not commit what it had told, it stays as it
    is; when retention has meanwhile taken more, that is one more entry. (Offsets are not used twice while a topic lives.)
    """
    wanted = {span_of(event): event for event in events}
    if not wanted:
        return 0
    head = await lock(connection)
    for some in chunks(wanted):
        known = await connection.execute(select(coverage.c.span).where(coverage.c.span.in_(some)))
        for span in known.scalars():
            del wanted[span]
    longest = await _longest(connection, wanted.values())
    rows = []
    for event in wanted.values():
        gap, last = gap_of(event)
        if gap:
            if last <= longest.get((event["source"], gap), -1):
                continue
            longest[event["source"], gap] = last
        entry = Entry.make(head.seq + 1, max(now, head.at), head.hash, event)
        head = head.after(entry, entry.told())
        rows.append(row_of(entry, head, event))
    if rows:
        await execute_many(connection, insert(coverage), rows)
        await save_head(connection, head)
    return len(rows)


def row_of(entry: Entry, head: Head, event: Mapping[str, Any]) -> dict[str, Any]:
    """The row of `entry`, which says `event`; `head` is the one behind it."""
    gap, last = gap_of(event)
    return {
        "seq": head.seq,
        "at": head.at,
        "source": event["source"],
        "since": event["since"],
        "until": event["until"],
        "span": span_of(event),
        "gap": gap,
        "last": last,
        "body": entry.body,
        "prev": entry.prev,
        "hash": head.hash,
        "packed": entry.items,
    }


def span_of(event: Mapping[str, Any]) -> str:
    """64 hex that are the same for what is told again."""
    gap, last = gap_of(event)
    span: list[Any] = [event["source"]]
    if gap:
        span += [gap, last]
    else:
        span += [float(event["since"]), float(event["until"])]
        span += [event.get(name, "") for name in ("feed", "blind", "repairs")]
    return hashlib.sha256(canonical(span)).hexdigest()


def gap_of(event: Mapping[str, Any]) -> tuple[str, int]:
    """The name of the topic's gap that the event tells, "" for none, and its last offset."""
    if not event.get("gaps"):
        return "", 0
    (gap,) = event["gaps"]
    return f"{event['blind']} {gap['partition']} {gap['first']}", gap["last"]


async def _longest(
    connection: AsyncConnection, events: Iterable[Mapping[str, Any]]
) -> dict[tuple[str, str], int]:
    names = {(event["source"], gap) for event in events if (gap := gap_of(event)[0])}
    found: dict[tuple[str, str], int] = {}
    for source, gap in names:  # a handful, and seldom
        query = select(func.max(coverage.c.last)).where(coverage.c.source == source, coverage.c.gap == gap)
        last = (await connection.execute(query)).scalar_one_or_none()
        if last is not None:
            found[source, gap] = last
    return found


async def lock(connection: AsyncConnection) -> Head:
    """The head, which nobody else moves before this transaction ends."""
    await connection.execute(insert_new(connection, meta), {"name": HEAD, "value": _written(Head())})
    query = select(meta.c.value).where(meta.c.name == HEAD).with_for_update()
    return _head((await connection.execute(query)).scalar_one())


async def save_head(connection: AsyncConnection, head: Head) -> None:
    """For whoever holds the lock."""
    await set_meta(connection, HEAD, _written(head))


async def head_of(connection: AsyncConnection) -> Head:
    """Where the chain ends now; a look that takes no lock."""
    value = (await connection.execute(select(meta.c.value).where(meta.c.name == HEAD))).scalar_one_or_none()
    return _head(value) if value is not None else Head()


def _head(value: str) -> Head:
    try:
        seq, digest, at = value.split()
        return Head(int(seq), bytes.fromhex(digest), float(at))
    except ValueError as error:
        raise LedgerBroken(f"the ledger's head cannot be read: {value!r}") from error


def _written(head: Head) -> str:
    return f"{head.seq} {head.hash.hex()} {head.at!r}"


async def entries(
    connection: AsyncConnection, *, first: int = 1, items: bool = False
) -> AsyncIterator[Entry]:
    """In the chain's order, from number `first` on. Without `items` theirs are left out. Raises LedgerBroken for one with another hash
    than it was written with.
    """
    while True:
        columns: list[Column[Any]] = [*_ENTRY, *([coverage.c.packed] if items else [])]
        query = select(coverage.c.seq, coverage.c.hash, *columns).where(coverage.c.seq >= first)
        rows = (await connection.execute(query.order_by(coverage.c.seq).limit(_PAGE))).all()
        for row in rows:
            entry = Entry(*row[2:])
            if entry.hash != row.hash:
                raise LedgerBroken(f"entry {row.seq} was changed after it was written")
            yield entry
        if len(rows) < _PAGE:
            return
        first = rows[-1].seq + 1


async def overlapping(
    connection: AsyncConnection, since: float, until: float, *, sources: Sequence[str] = ()
) -> AsyncIterator[Entry]:
    """Entries whose span shares a moment with `since` to `until`, in the chain's order, without their items. `sources`: only theirs."""
    inside = and_(coverage.c.until >= since, coverage.c.since <= until)
    if sources:
        inside = and_(inside, coverage.c.source.in_(sources))
    after = 0
    while True:
        query = select(coverage.c.seq, *_ENTRY).where(inside, coverage.c.seq > after)
        rows = (await connection.execute(query.order_by(coverage.c.seq).limit(_PAGE))).all()
        for row in rows:
            yield Entry(row.body, row.prev)
        if len(rows) < _PAGE:
            return
        after = rows[-1].seq


async def pick(connection: AsyncConnection, numbers: Iterable[int]) -> dict[int, Entry]:
    """These entries with their items."""
    found = {}
    for some in chunks(numbers, 200):
        query = select(coverage.c.seq, *_ENTRY, coverage.c.packed).where(coverage.c.seq.in_(some))
        for row in await connection.execute(query):
            found[row.seq] = Entry(row.body, row.prev, row.packed)
    return found


async def hashes(connection: AsyncConnection, first: int, last: int) -> list[bytes]:
    """Of the entries from `first` to `last`, both among them."""
    query = select(coverage.c.hash).where(coverage.c.seq.between(first, last)).order_by(coverage.c.seq)
    return list((await connection.execute(query)).scalars())


async def first_seq(connection: AsyncConnection) -> int | None:
    """The oldest entry that is still there."""
    found: int | None = (await connection.execute(select(func.min(coverage.c.seq)))).scalar_one_or_none()
    return found


async def all_seals(connection: AsyncConnection, *, since: float = 0.0) -> list[Signed]:
    """Those of what was written after `since`, oldest first."""
    query = select(seals.c.body, seals.c.signature).where(seals.c.until > since).order_by(seals.c.number)
    return [Signed(row.body, row.signature) for row in await connection.execute(query)]


async def last_seal(connection: AsyncConnection) -> Signed | None:
    query = select(seals.c.body, seals.c.signature).order_by(seals.c.number.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return Signed(row.body, row.signature) if row else None


async def begin(connection: AsyncConnection, now: float) -> None:
    """From this day on each day has its seal, entries or none. Nothing happens where the ledger has begun."""
    head = await lock(connection)
    if not head.at:
        await save_head(connection, Head(head.seq, head.hash, now))


async def seal_days(connection: AsyncConnection, signer: Signer, now: float) -> list[Signed]:
    """Seal every day that is over and has no seal yet. Raises LedgerBroken."""
    head, last = await lock(connection), await last_seal(connection)
    sealed = last.seal().until if last else await begun(connection)
    made: list[Signed] = []
    while sealed and (end := begin_of_day(sealed) + DAY) <= now:
        written = select(func.max(coverage.c.seq)).where(coverage.c.at < end)
        newest = (await connection.execute(written)).scalar_one_or_none() or 0
        last = await _seal(connection, signer, last, newest, until=end, day=day_of(end - DAY), now=now)
        made.append(last)
        sealed = end
    if sealed > head.at:  # a writer whose clock is behind writes no time into a day that is sealed
        await save_head(connection, Head(head.seq, head.hash, sealed))
    return made


async def seal_now(connection: AsyncConnection, signer: Signer, now: float) -> Signed:
    """Seal all that is written. Raises LedgerBroken."""
    head, last = await lock(connection), await last_seal(connection)
    until = max(now, head.at) + _MOMENT
    made = await _seal(connection, signer, last, head.seq, until=until, day=day_of(now), now=now)
    await save_head(connection, Head(head.seq, head.hash, until))
    return made


async def begun(connection: AsyncConnection) -> float:
    """When the first entry was written, or the ledger made; 0.0 = never."""
    first = (await connection.execute(select(func.min(coverage.c.at)))).scalar_one_or_none()
    return first or (await head_of(connection)).at


async def _seal(
    connection: AsyncConnection,
    signer: Signer,
    before: Signed | None,
    newest: int,
    *,
    until: float,
    day: str,
    now: float,
) -> Signed:
    known = before.seal() if before else None
    first = known.last + 1 if known else 1
    last = max(newest, first - 1)
    leaves = await hashes(connection, first, last)
    if len(leaves) != last - first + 1:
        raise LedgerBroken(f"entries between {first} and {last} are missing: day {day} cannot be sealed")
    seal = Seal(
        number=known.number + 1 if known else 1,
        day=day,
        until=until,
        at=now,
        first=first,
        last=last,
        root=Tree(leaves).root.hex(),
        head=leaves[-1].hex() if leaves else known.head if known else Head().hash.hex(),
        prev=before.hash if before else FIRST_PREV,
        key=signer.public,
    )
    made = Signed.make(seal, signer)
    row = {"number": seal.number, "day": day, "until": until, "body": made.body, "signature": made.signature}
    await connection.execute(insert(seals), row)
    return made
