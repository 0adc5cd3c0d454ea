"""Reports for people: made from the store, and every one in the access log with the digest of what was handed out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.exposures.desk import find
from monitor.report.gather import Maker, gather
from monitor.report.markdown import Language, render
from monitor.store import exposures, records
from monitor.store.engine import Store


@dataclass(frozen=True, slots=True)
class Made:
    """`digest`: SHA-256 of the text, 64 hex; the access log has it."""

    text: str
    digest: str
    exposure_id: str


@dataclass(frozen=True, slots=True)
class Versions:
    """What made the report; `rules` is the digest of the rule set, `key` the ledger's public key or ""."""

    program: str
    rules: str
    key: str


class Reports:
    """For the tasks of one event loop. `is_watched`: whether a forge's repository is among what is watched."""

    def __init__(
        self,
        store: Store,
        privacy: PrivacySettings,
        versions: Versions,
        *,
        clock: Callable[[], float],
        is_watched: Callable[[str, str], bool],
    ) -> None:
        self._store = store
        self._privacy = privacy
        self._versions = versions
        self._clock = clock
        self._is_watched = is_watched

    async def make(self, name: str, *, actor: str, language: Language = Language.TECHNICAL) -> Made:
        """The report of one exposure, named by its id or the beginning of it. Raises UnknownExposure, LedgerBroken, StoreBusy."""
        now, versions = self._clock(), self._versions
        async with self._store.write() as connection:
            found = await find(connection, name)
        maker = Maker(now, actor, versions.program, versions.rules, versions.key)
        async with self._store.read() as connection:
            # once more, so that the whole report is of one moment
            row = (await exposures.load(connection, [found.id])).get(found.id, found)
            report = await gather(connection, row, maker, self._privacy, self._is_watched)
        text = render(report, language)
        digest = hashlib.sha256(text.encode()).hexdigest()
        async with self._store.write() as connection:
            detail = {"sha256": digest, "language": language.value}
            await records.add_audit(
                connection, at=now, actor=actor, verb="reported", exposure_id=row.id, detail=detail
            )
        return Made(text, digest, row.id)
