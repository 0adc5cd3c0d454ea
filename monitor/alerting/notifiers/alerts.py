"""The alerts that Alertmanager is sent (API v2, the array of POST /api/v2/alerts). Not a notifier itself: no PLUGIN.

Labels name: alertname, exposure, opening, severity (page | ticket), rule, provider, owned, incident (group by it), and
exercise="true" for a drill; they never change while the exposure is open. Annotations tell: summary, description, key, leak_severity
and the rest, as of the last sending.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from monitor.alerting.notifiers.base import Stand
from monitor.alerting.notifiers.wording import by_replay
from monitor.untrusted import Sink, untrusted

_LONGEST_LABEL: Final = 256  # characters
_LONGEST_TEXT: Final = 2000
_REASONS_SHOWN: Final = 5


def alert(stand: Stand, *, ends: float) -> dict[str, Any]:
    """One alert of API v2. `ends`: when it ends if nobody sends it again (epoch seconds)."""
    shown = stand.exposure
    labels = {
        "alertname": "LeakExposure",
        "exposure": stand.dedup_key,
        "opening": str(stand.opening),
        "severity": stand.action,
        **stand.labels,
    }
    built: dict[str, Any] = {
        "labels": {name: _text(value, _LONGEST_LABEL) for name, value in labels.items() if value},
        "annotations": {name: text for name, text in _annotations(stand).items() if text},
        "startsAt": _time(stand.since),
        "endsAt": _time(max(stand.since, ends if stand.ended is None else stand.ended)),
    }
    if shown.get("url"):
        built["generatorURL"] = shown["url"]
    return built


def too_many(beyond: int, severity: str, *, ends: float) -> dict[str, Any]:
    """The alert that stands for the open exposures that are not sent."""
    return {
        "labels": {"alertname": "LeakExposuresBeyondLimit", "severity": severity, "incident": "leakstream"},
        "annotations": {
            "summary": f"{beyond} more exposures are open than are sent here one by one",
            "description": "The worst and newest are sent; see the console for all of them.",
        },
        "endsAt": _time(ends),
    }


def _annotations(stand: Stand) -> dict[str, str]:
    shown = stand.exposure
    what, where = shown["what"], shown["where"]
    place = " ".join(part for part in (where["repository"], where["path"]) if part) or where["source"]
    drill = "EXERCISE - " if "exercise" in stand.labels else ""
    texts = {
        "summary": f"{drill}{what['title'] or what['rule']} in {place}{by_replay(shown)}",
        "key": stand.key,
        "leak_severity": what["severity"],
        "proof": shown["proof"]["verdict"],
        "preview": what["preview"],
        "place": place,
        "sightings": str(shown["sightings"]),
        "first_seen": shown["first_seen"] or "",
    }
    return {name: _text(text, _LONGEST_TEXT) for name, text in texts.items()} | {
        "why": _lines(reason["text"] for reason in shown["owned"]["reasons"][:_REASONS_SHOWN]),
        "description": _lines(f"{number}. {step}" for number, step in enumerate(shown["steps"], 1)),
    }


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(_text(text, _LONGEST_TEXT) for text in texts)


def _text(text: str, limit: int) -> str:
    """At most `limit` characters of it before the escapes."""
    return untrusted(text, Sink.PLAIN, limit=limit)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
