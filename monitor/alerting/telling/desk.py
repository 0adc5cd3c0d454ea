"""What people do with the telling: look at what waits or failed, send it again or give it up, silence. Every look and every change goes into
the audit log under the name of who did it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.alerting.telling.silences import checked
from monitor.store import deadmail, outbox, records, silences
from monitor.store.engine import Store
from monitor.store.model import Silence
from monitor.store.outbox import FAILED, PENDING, SILENCED


class UnknownSilence(LookupError):
    """There is none of that number, or it has ended."""


@dataclass(frozen=True, slots=True)
class Mail:
    """Rows of the outbox as objects, and how many there are in all."""

    rows: Sequence[dict[str, Any]]
    total: int


class TellingDesk:
    """For the tasks of one event loop, beside a running service or without one. Methods raise StoreBusy."""

    def __init__(self, store: Store, *, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    async def mail(self, *, waiting: bool, notifier: str = "", limit: int, actor: str) -> Mail:
        """What failed for good, and with `waiting` also what is still to be told; the oldest first."""
        states = (FAILED, PENDING) if waiting else (FAILED,)
        async with self._store.read() as connection:
            rows = await deadmail.listed(connection, states=states, notifier=notifier, limit=limit)
            total = await deadmail.count(connection, states=states, notifier=notifier)
        await self._note(actor, "outbox_listed", {"shown": len(rows)})
        return Mail([_mail(row, self._clock()) for row in rows], total)

    async def retry(self, *, notifier: str = "", ids: Collection[int] = (), actor: str) -> int:
        """Send again what failed for good. Returns how many."""
        async with self._store.write() as connection:
            count = await deadmail.retry(connection, now=self._clock(), notifier=notifier, ids=ids)
        await self._note(actor, "outbox_retried", {"notifier": notifier, "notifications": count})
        return count

    async def drop(self, *, notifier: str = "", ids: Collection[int] = (), actor: str) -> int:
        """Give up what failed for good. Returns how many."""
        async with self._store.write() as connection:
            count = await deadmail.drop(connection, notifier=notifier, ids=ids)
        await self._note(actor, "outbox_dropped", {"notifier": notifier, "notifications": count})
        return count

    async def silence(
        self,
        matches: Mapping[str, str],
        *,
        since: float,
        until: float,
        even_critical: bool,
        reason: str,
        actor: str,
    ) -> dict[str, Any]:
        """Begin one. Raises BadSilence."""
        now = self._clock()
        found = checked(matches, since=since, until=until, reason=reason)
        async with self._store.write() as connection:
            number = await silences.add(
                connection,
                since=since,
                until=until,
                matches=found,
                even_critical=even_critical,
                reason=reason.strip(),
                at=now,
                by=actor,
            )
        await self._note(actor, "silenced", {"silence": number, "matches": found, "reason": reason.strip()})
        begun = Silence(number, since, until, found, even_critical, reason.strip(), now, actor)
        return _shown(begun, now)

    async def silences(self, *, ended: bool, actor: str) -> list[dict[str, Any]]:
        """The newest first; with `ended` also those that are over."""
        now = self._clock()
        async with self._store.read() as connection:
            found = await silences.listed(connection, ending_after=0.0 if ended else now)
        await self._note(actor, "silences_listed", {"shown": len(found)})
        return [_shown(silence, now) for silence in found]

    async def end(self, number: int, *, actor: str) -> int:
        """End one now; what any silence held is judged anew at once. Returns how many notifications. Raises UnknownSilence."""
        now = self._clock()
        async with self._store.write() as connection:
            if not await silences.end(connection, number, at=now, by=actor):
                raise UnknownSilence(f"no silence {number} is there, or it has ended")
            count = await outbox.unheld(connection, SILENCED, now=now)
        await self._note(actor, "silence_ended", {"silence": number})
        return count

    async def _note(self, actor: str, verb: str, detail: Mapping[str, Any]) -> None:
        async with self._store.write() as connection:
            await records.add_audit(connection, at=self._clock(), actor=actor, verb=verb, detail=detail)


def _mail(row: Mapping[str, Any], now: float) -> dict[str, Any]:
    waits = row["state"] == PENDING and row["next_try"] > now
    return {
        "id": row["id"],
        "notifier": row["notifier"],
        "state": row["state"],
        "reason": row["reason"],
        "exposure": row["exposure_id"],
        "opening": row["opening"],
        "change": row["change"],
        "action": row["action"],
        "severity": row["severity"],
        "title": row["title"],
        "incident": row["incident"],
        "made_at": _time(row["created_at"]),
        "next_try": _time(row["next_try"]) if waits else None,
        "tries": row["attempts"],
    }


def _shown(silence: Silence, now: float) -> dict[str, Any]:
    over, ahead = silence.until <= now, silence.since > now
    return {
        "id": silence.id,
        "state": "ended" if over else "to come" if ahead else "active",
        "since": _time(silence.since),
        "until": _time(silence.until),
        "matches": dict(silence.matches),
        "even_critical": silence.even_critical,
        "reason": silence.reason,
        "made_at": _time(silence.created_at),
        "by": silence.created_by,
        "ended_by": silence.ended_by,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
