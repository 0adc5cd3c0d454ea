"""What of each table is about a person, and what is left of a row when it is taken out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from monitor.privacy.subject import ERASED, Kind, Subject

Row = Mapping[str, Any]
REMOVE: Final[Mapping[str, Any]] = {}  # instead of new values: the row goes


def is_about(subject: Subject, table: str, row: Row) -> bool:
    """Whether a row that names him somewhere is about him."""
    return _ABOUT[table](subject, row)


def erased(subject: Subject, table: str, row: Row) -> Mapping[str, Any] | None:
    """The columns to set so that nothing of him is left in the row; REMOVE = the row goes, None = it stays as it is."""
    if table not in _ERASED:
        return None
    values = _ERASED[table](subject, row)
    if values is REMOVE:
        return REMOVE
    changed = {name: value for name, value in values.items() if value != row[name]}
    return changed or None


def _sighting(subject: Subject, row: Row) -> bool:
    return subject.concerns(row["place"], row["snippet"])


def _sighting_erased(subject: Subject, row: Row) -> Mapping[str, Any]:
    own = subject.owns(row["place"])
    return {
        "place": subject.without(row["place"]),
        "snippet": "" if own or subject.mentioned((row["snippet"],)) else row["snippet"],
        "document_id": "" if own or subject.mentioned((row["document_id"],)) else row["document_id"],
        "next_check": None if own else row["next_check"],  # what has no place any more cannot be looked at
    }


def _exposure(subject: Subject, row: Row) -> bool:
    actors = (row["closed_by"], row["acknowledged_by"])
    return bool(_exposure_changed(subject, row)) or any(subject.is_actor(actor) for actor in actors)


def _exposure_changed(subject: Subject, row: Row) -> dict[str, Any]:
    left = _exposure_erased(subject, row)
    return {name: value for name, value in left.items() if value != row[name]}


def _exposure_erased(subject: Subject, row: Row) -> Mapping[str, Any]:
    own = subject.has_repository(row["repository"])
    reasons = [
        {**reason, "found": ""} if subject.in_text(str(reason["found"])) else reason
        for reason in row["reasons"]
    ]
    return {
        "repository": "" if own else row["repository"],
        "path": "" if own or subject.mentioned((row["path"],)) else row["path"],
        "reasons": reasons,
        "facts": {name: value for name, value in row["facts"].items() if not subject.in_text(str(value))},
        "preview": "" if subject.mentioned((row["preview"],)) else row["preview"],
        "close_where": "" if subject.has_repository(row["close_where"]) else row["close_where"],
        "close_note": "" if subject.mentioned((row["close_note"],)) else row["close_note"],
    }


def _blob_place(subject: Subject, row: Row) -> bool:
    return subject.concerns(row["event"]["place"])


def _told(subject: Subject, row: Row) -> bool:
    named = (row["incident"], str(row["labels"].get("incident", "")))
    return any(subject.has_repository(name) for name in named) or subject.mentioned(named)


def _told_erased(_: Subject, row: Row) -> Mapping[str, Any]:
    labels = {**row["labels"], "incident": ERASED} if "incident" in row["labels"] else row["labels"]
    return {"labels": labels, "incident": ERASED if row["incident"] else ""}


def _logged(subject: Subject, row: Row) -> bool:
    detail = [value for value in row["detail"].values() if isinstance(value, str)]
    return subject.is_actor(row["actor"]) or any(subject.in_text(text) for text in detail)


def _silence(subject: Subject, row: Row) -> bool:
    actors = (row["created_by"], row["ended_by"])
    texts = [str(value) for value in row["matches"].values()]
    return (
        any(subject.is_actor(actor) for actor in actors)
        or any(subject.in_text(text) for text in texts)
        or subject.mentioned((row["reason"],))
    )


def _letter(subject: Subject, row: Row) -> bool:
    return subject.is_actor(row["actor"])


_ABOUT: Final[Mapping[str, Callable[[Subject, Row], bool]]] = {
    "sightings": _sighting,
    "exposures": _exposure,
    "blob_places": _blob_place,
    "outbox": _told,
    "audit": _logged,
    "silences": _silence,
    "dead_letters_done": _letter,
}
_ERASED: Final[Mapping[str, Callable[[Subject, Row], Mapping[str, Any]]]] = {
    "sightings": _sighting_erased,
    "exposures": _exposure_erased,
    "blob_places": lambda *_: REMOVE,
    "outbox": _told_erased,
}


def may_be_elsewhere(subject: Subject, table: str) -> bool:
    """Whether rows of the table do not say on which forge a repository is, while the subject is an owner on one."""
    return subject.kind is Kind.OWNER and table in ("exposures", "outbox")
