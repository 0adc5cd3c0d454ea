"""What people do with sealed evidence: list it, fetch the age files, erase them. The monitor cannot open them: to reveal is the responder's
own act, on the responder's own machine; that they were fetched stands in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.alerting.exposures import desk as queries
from monitor.store import records, sealed
from monitor.store.engine import Store
from monitor.store.sealed import Evidence


class EvidenceDesk:
    """For the tasks of one event loop. `name` is an exposure's id or its beginning. Methods raise StoreBusy and UnknownExposure."""

    def __init__(self, store: Store, *, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    async def list(self, name: str, *, actor: str) -> Sequence[Evidence]:
        """What there is of an exposure, the oldest first; the files are in it, and are not meant to be shown here."""
        return await self._read(name, actor=actor, verb="listed_evidence")

    async def take(self, name: str, *, actor: str) -> Sequence[Evidence]:
        """The files. That somebody has them now is logged before they are given out."""
        return await self._read(name, actor=actor, verb="took_evidence")

    async def erase(self, name: str, *, actor: str) -> int:
        """Remove all of an exposure; how many files that were."""
        async with self._store.write() as connection:
            row = await queries.find(connection, name)
            count = await sealed.erase(connection, row.id)
            await records.add_audit(
                connection,
                at=self._clock(),
                actor=actor,
                verb="erased_evidence",
                exposure_id=row.id,
                detail={"files": count},
            )
        return count

    async def _read(self, name: str, *, actor: str, verb: str) -> Sequence[Evidence]:
        async with self._store.write() as connection:
            row = await queries.find(connection, name)
            found = await sealed.of_exposure(connection, row.id)
            await records.add_audit(
                connection,
                at=self._clock(),
                actor=actor,
                verb=verb,
                exposure_id=row.id,
                detail={"files": len(found)},
            )
        return found
