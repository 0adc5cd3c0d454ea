"""What was told, folded into what stands: for notifiers that show states instead of messages. Pure, no I/O.

    told of one exposure:   opened(ticket)   escalated(page)   escalated(page)   closed   reopened(page)
    stands:                 [ ticket         ][ page                            ]         [ page, opening 2 ...

A stand begins with the first message of its opening, action and realm (drill or not) and is named by it for good: what changes
later (the severity, the rule that describes it, a place seen earlier) changes what is said, never the name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from monitor.alerting.notifiers.base import Change, Stand
from monitor.alerting.ownership import Level
from monitor.contracts import Mode
from monitor.store.model import Exposure, Told

_OPEN: Final = "open"
_LONGEST: Final = 200  # characters of an incident's name
_DIGEST: Final = 16


def labels_of(row: Exposure) -> dict[str, str]:
    """The labels of a stand that begins now; `Stand` states them."""
    labels = {"rule": row.rule, "provider": row.provider, "owned": row.level, "incident": _incident(row)}
    return labels | {"exercise": "true"} if row.mode == Mode.EXERCISE else labels


def _incident(row: Exposure) -> str:
    """The repository, else the document (a paste, a dump); of what nobody watches only the source, since its place is not kept."""
    if row.level == Level.NONE:
        return row.source
    name = row.repository or (f"{row.source} {row.path}" if row.path else row.source)
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:_DIGEST]
    return f"{name[: _LONGEST - _DIGEST - 1]}~{digest}"


@dataclass(frozen=True, slots=True)
class _Name:
    opening: int
    action: str
    drill: bool


def stands(told: Iterable[Told], row: Exposure, shown: Mapping[str, Any]) -> list[Stand]:
    """`told`: everything that one notifier was told of `row`, in order. `shown`: the exposure as `monitor.alerting.exposures.view` has it.

    In the order in which they began. At most the last one holds.
    """
    known: dict[_Name, Stand] = {}
    current: _Name | None = None
    for message in told:
        if message.change == Change.ACKNOWLEDGED:  # it stands as it stood
            continue
        closing = message.change == Change.CLOSED
        name = None if closing else _Name(message.opening, message.action, "exercise" in message.labels)
        if current is not None and name != current:
            known[current] = replace(known[current], ended=message.created_at)
        if name is not None:
            known[name] = replace(known[name], ended=None) if name in known else _begun(message, row, shown)
        current = name
    if current is not None and (row.state != _OPEN or row.opening != current.opening):
        ended = row.closed_at if row.closed_at is not None else row.opened_at
        known[current] = replace(known[current], ended=ended)
    return list(known.values())


def _begun(message: Told, row: Exposure, shown: Mapping[str, Any]) -> Stand:
    return Stand(
        key=message.key,
        dedup_key=row.id[:32],
        opening=message.opening,
        action=message.action,
        labels=message.labels,
        since=message.created_at,
        ended=None,
        exposure=shown,
    )
