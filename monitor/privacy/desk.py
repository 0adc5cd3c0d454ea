"""The rights of those whose data is kept: all of it as an object, or out of it. Every run stands in the access log, under a keyed hash of the
subject: the log is no place for his name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.identity import KeyRing
from monitor.privacy.finding import REMOVE, erased, is_about, may_be_elsewhere
from monitor.privacy.subject import Subject
from monitor.store import records, subjects
from monitor.store.engine import Store

_BATCH: Final = 100
# of places of what is nobody's we watch: that there is one, not what leaked there
_NOBODYS: Final = ("forge", "owner", "repository", "author", "author_email_hash", "author_email_domain")
# what no run reaches, and why
KEPT: Final[Sequence[Mapping[str, str]]] = (
    {
        "where": "coverage ledger",
        "what": "digests of forge and repository (or owner) of what was listed",
        "why": "entries are chained, sealed and signed: taking one out would break every proof; the digests go after 35 days",
    },
    {
        "where": "places, blobs, blob_places",
        "what": "digests of places and texts",
        "why": "they keep a leak from being counted and paged again; they go with their exposure",
    },
    {
        "where": "affected",
        "what": "keyed hashes of those whose data was delivered to the wrong place",
        "why": "made of a sender's own user ids, they cannot be compared with a name here; they go with their exposure",
    },
    {
        "where": "bus",
        "what": "documents (24 h by default), findings and sightings (48 h)",
        "why": "a log of records that cannot be changed; it goes by age within two days",
    },
    {
        "where": "positions of collectors, git mirrors",
        "what": "addresses of repositories that are still to be read, and copies of configured repositories",
        "why": "they go when they are read, or when the configuration names them no longer",
    },
    {
        "where": "access log, silences, dead letters dealt with",
        "what": "who of the operator's people did what",
        "why": "accountability; a year (silences: a year after their end, dead letters: 40 days)",
    },
    {
        "where": "notifiers",
        "what": "messages that were sent",
        "why": "they are in others' systems: ask there",
    },
)


class PrivacyDesk:
    """For the tasks of one event loop. `subject` is an e-mail address, a user name, or forge/owner. Methods raise SubjectError, StoreBusy."""

    def __init__(self, store: Store, keys: KeyRing, *, clock: Callable[[], float]) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock

    async def export(self, subject: str, *, actor: str) -> dict[str, Any]:
        """Everything that the store holds about him: rows by table, and what is not in it."""
        who, now = Subject.of(subject, self._keys), self._clock()
        async with self._store.read() as connection:
            found = await _find(connection, who)
            levels = await _levels(connection, found)
        counts = {table: len(rows) for table, rows in found.items()}
        await self._log("privacy_export", who, actor, {"rows": counts}, now)
        return {
            "subject": subject.strip(),
            "kind": who.kind.value,
            "made_at": _time(now),
            "held": {table: [_shown(table, row, levels) for row in rows] for table, rows in found.items()},
            "not_in_here": list(KEPT),
        }

    async def erase(self, subject: str, *, actor: str, dry_run: bool = False) -> dict[str, Any]:
        """Take him out of every row that may be changed. How many rows were changed and removed by table, how many stay, and why."""
        who, now = Subject.of(subject, self._keys), self._clock()
        async with self._store.read() as connection:
            found = await _find(connection, who)
        changed, removed, kept = Counter[str](), Counter[str](), Counter[str]()
        own = [row["place_id"] for row in found["sightings"] if who.owns(row["place"])]
        removed["sealed"] = len(found["sealed"])
        if not dry_run and own:
            async with self._store.write() as connection:
                await subjects.remove_sealed(connection, own)
        for table in subjects.TABLES:
            for start in range(0, len(found[table]), _BATCH):
                rows = found[table][start : start + _BATCH]
                if dry_run:
                    plan = [erased(who, table, row) for row in rows]
                else:
                    async with self._store.write() as connection:
                        plan = [await _erase(connection, who, table, row) for row in rows]
                removed[table] += sum(values is REMOVE for values in plan)
                changed[table] += sum(bool(values) for values in plan)
                kept[table] += sum(values is None for values in plan)
        counts = {"changed": dict(+changed), "removed": dict(+removed), "kept": dict(+kept)}
        await self._log("privacy_erase", who, actor, {**counts, "dry_run": dry_run}, now)
        return {
            "subject": subject.strip(),
            "kind": who.kind.value,
            "made_at": _time(now),
            "dry_run": dry_run,
            **counts,
            "cannot_be_erased": list(KEPT),
        }

    async def log(
        self,
        *,
        actor: str,
        since: float = 0.0,
        of: str = "",
        verb: str = "",
        exposure: str = "",
        limit: int = 1000,
    ) -> list[dict[str, Any]]:
        """The access log, newest first; that it was read is in it, too. `of`: only this actor's, `exposure`: of ids that begin so."""
        now = self._clock()
        async with self._store.read() as connection:
            rows = await records.audit_log(
                connection, since=since, actor=of, verb=verb, exposure=exposure, limit=limit
            )
        async with self._store.write() as connection:
            await records.add_audit(
                connection, at=now, actor=actor, verb="read_log", detail={"shown": len(rows)}
            )
        return [{str(name): _plain(name, value) for name, value in row.items()} for row in rows]

    async def _log(self, verb: str, who: Subject, actor: str, detail: Mapping[str, Any], now: float) -> None:
        mark = self._keys.digest("subject", f"{who.forge}/{who.name}".encode())
        async with self._store.write() as connection:
            told = {"subject": mark, "kind": who.kind.value, **detail}
            await records.add_audit(connection, at=now, actor=actor, verb=verb, detail=told)


async def _find(connection: AsyncConnection, who: Subject) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for table in subjects.TABLES:  # sightings first: they say on which forge an exposure's repository is
        rows = [row async for row in subjects.candidates(connection, table, who.needles)]
        found[table] = [row for row in rows if is_about(who, table, row)]
        if may_be_elsewhere(who, table):
            found[table] = await _on_the_forge(connection, table, found)
    own = [row["place_id"] for row in found["sightings"] if who.owns(row["place"])]
    found["sealed"] = await subjects.sealed_of(connection, own)
    return found


async def _on_the_forge(
    connection: AsyncConnection, table: str, found: Mapping[str, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Those of exposures that stand on his forge, or of which no place is kept to tell."""
    name = "id" if table == "exposures" else "exposure_id"
    his = {row["exposure_id"] for row in found["sightings"]}
    placed = await subjects.with_places(connection, {row[name] for row in found[table]} - his)
    return [row for row in found[table] if row[name] in his or row[name] not in placed]


async def _levels(connection: AsyncConnection, found: Mapping[str, list[dict[str, Any]]]) -> dict[str, str]:
    ids = {row["exposure_id"] for row in found["sightings"]}
    return await subjects.levels(connection, ids)


async def _erase(
    connection: AsyncConnection, who: Subject, table: str, row: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """As the row is now."""
    key = subjects.key_of(table, row)
    current = await subjects.again(connection, table, key)
    if current is None:
        return REMOVE
    values = erased(who, table, current)
    if values is REMOVE:
        await subjects.remove(connection, table, key)
    elif values:
        await subjects.change(connection, table, key, values)
    return values


def _shown(table: str, row: Mapping[str, Any], levels: Mapping[str, str]) -> dict[str, Any]:
    """A row for the person: digests as hex, times in words, no more of nobody's leaks than that there is one."""
    nobodys = row.get("level") == "none" or levels.get(row.get("exposure_id", "")) == "none"
    if nobodys and table == "sightings":
        place = {name: row["place"][name] for name in _NOBODYS if row["place"].get(name)}
        row = {"seen_at": row["seen_at"], "source": row["source"], "place": place}
    elif nobodys and table == "exposures":
        row = {name: row[name] for name in ("first_seen", "source", "repository")}
    elif table == "blob_places":
        place = {name: value for name, value in row["event"]["place"].items() if name in _NOBODYS}
        row = {"seen_at": row["seen_at"], "source": row["event"]["source"], "place": place}
    return {str(name): _plain(name, value) for name, value in row.items()}  # a column's name is no plain text


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and (
        name.endswith(("at", "_seen", "_published", "since", "until")) or name == "next_check"
    ):
        return _time(value)
    return value


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
