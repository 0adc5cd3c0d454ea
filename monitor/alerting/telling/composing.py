"""Leased rows as what a notifier is given: one exposure as a notification, several as an announcement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from detectors.model import Severity
from monitor.alerting.containment.duty import GDPR, PrivacySettings
from monitor.alerting.exposures.view import exposure_object
from monitor.alerting.notifiers.base import Announcement, Change, Notification, Topic
from monitor.alerting.ownership import Level
from monitor.alerting.telling.grouping import summary_dedup_key
from monitor.alerting.telling.standing import stands
from monitor.store import exposures, heard, standing
from monitor.store.engine import Store
from monitor.store.model import Exposure, Leased, Told
from monitor.store.queries import sightings_of

Message = Notification | Announcement
SHOWN: Final = 50  # exposures that a summary names
_INCIDENTS: Final = 10  # incidents that a summary of a storm names
_WORDS: Final[Mapping[str, str]] = {
    "opened": "new",
    "reopened": "back",
    "escalated": "worse than thought",
    "acknowledged": "in hand",
    "closed": "closed",
}


class Composer:
    """`console` is the base address of links, "" for none; `privacy` says whose clock runs when personal data leaked. Methods raise
    StoreBusy.
    """

    def __init__(self, store: Store, *, console: str = "", privacy: PrivacySettings = GDPR) -> None:
        self._store = store
        self._privacy = privacy
        self._console = console.rstrip("/")

    async def compose(self, messages: Sequence[Sequence[Leased]]) -> list[tuple[Sequence[Leased], Message]]:
        """Of one notifier's rows. What retention took in between is left out, and its row with it."""
        single = [rows[0].exposure_id for rows in messages if len(rows) == 1]
        every = {row.exposure_id for rows in messages for row in rows}
        notifier = messages[0][0].notifier
        async with self._store.read() as connection:
            known = await exposures.load(connection, every)
            places = await sightings_of(connection, single)
            told = await standing.told(connection, notifier, single)
            over = {
                rows[0].id: [
                    summary_dedup_key(rows[0].incident, action)
                    for action in await heard.summed_over(connection, notifier, rows[0].incident)
                ]
                for rows in messages
                if rows[0].change == Change.CLOSED and len(rows) == 1
            }
        composed = list[tuple[Sequence[Leased], Message]]()
        for rows in messages:
            there = [row for row in rows if row.exposure_id in known]
            if len(rows) > 1 and there:
                composed.append((there, self._summary(there, known)))
            elif there:
                row = there[0]
                i = row.exposure_id
                composed.append(
                    (there, self._notification(row, known[i], places[i], told[i], over.get(row.id, ())))
                )
        return composed

    def _notification(
        self,
        row: Leased,
        exposure: Exposure,
        places: Sequence[dict[str, Any]],
        told: Sequence[Told],
        over: Sequence[str],
    ) -> Notification:
        shown = exposure_object(
            exposure, places, console=self._console, now=row.created_at, privacy=self._privacy
        )
        return Notification(
            key=row.key,
            dedup_key=exposure.id[:32],
            change=Change(row.change),
            exposure=shown,
            created_at=row.created_at,
            standing=[stand for stand in stands(told, exposure, shown) if stand.opening >= row.opening],
            over=over,
        )

    def _summary(self, rows: Sequence[Leased], known: Mapping[str, Exposure]) -> Announcement:
        """Of one incident where all are of the same, else of a storm."""
        found = [(row, known[row.exposure_id]) for row in rows]
        incidents = Counter(row.incident for row in rows)
        incident = rows[0].incident if len(incidents) == 1 else ""
        worst = max((Severity(row.severity) for _, row in found), key=lambda each: each.rank)
        first = found[0][1]
        return Announcement(
            key=rows[0].message,
            dedup_key=summary_dedup_key(incident, rows[0].action),
            topic=Topic.INCIDENT if incident else Topic.STORM,
            action=rows[0].action,
            severity=worst.value,
            headline=f"{len(rows)} more in {incident}"
            if incident
            else f"{len(rows)} more in {len(incidents)} places",
            lines=[*_counts(found), *(_incidents(incidents) if not incident else ()), *_lines(found)],
            created_at=min(row.created_at for row in rows),
            url=self._link(first if incident else None),
            carries=[row.key for row in rows],
        )

    def _link(self, of: Exposure | None) -> str:
        """The console's list of what stands in the same repository or document, of all without one."""
        if not self._console:
            return ""
        text = "" if of is None or of.level == Level.NONE else of.repository or of.path
        return (
            f"{self._console}/exposures?{urlencode({'state': 'all', **({'q': text[:200]} if text else {})})}"
        )


_Found = Sequence[tuple[Leased, Exposure]]


def _counts(found: _Found) -> list[str]:
    severities = Counter(row.severity for _, row in found)
    changes = Counter(_WORDS[leased.change] for leased, _ in found)
    ranked = sorted(severities.items(), key=lambda each: -Severity(each[0]).rank)
    return [
        "by severity: " + ", ".join(f"{count} {name}" for name, count in ranked),
        "of them: " + ", ".join(f"{count} {name}" for name, count in changes.most_common()),
    ]


def _incidents(incidents: Counter[str]) -> list[str]:
    lines = [f"{count} in {name or 'places unknown'}" for name, count in incidents.most_common(_INCIDENTS)]
    return [*lines, *([f"and in {more} more places"] if (more := len(incidents) - _INCIDENTS) > 0 else [])]


def _lines(found: _Found) -> list[str]:
    """The worst first; how many are not named."""
    ranked = sorted(found, key=lambda each: -each[1].rank)
    lines = [_line(leased, row) for leased, row in ranked[:SHOWN]]
    return [*lines, *([f"and {more} more: see the console"] if (more := len(found) - SHOWN) > 0 else [])]


def _line(leased: Leased, row: Exposure) -> str:
    watched = row.level != Level.NONE
    place = (
        (row.path if leased.incident == row.repository else f"{row.repository} {row.path}") if watched else ""
    )
    where = f" at {place.strip()}" if place.strip() else ""
    state = f" ({_WORDS[leased.change]})" if leased.change != Change.OPENED else ""
    return f"{row.id[:12]} {row.severity}: {row.title or row.rule}{where}{state}"
