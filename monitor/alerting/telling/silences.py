"""When nobody is told of what: which silences an exposure falls under. Pure, no I/O.

A silence fits an exposure that has everything it names: `rule`, `provider`, `repository` and `incident` may hold `*` for any text;
`severity` is the word itself, `owner` the kind of a reason for which it is ours (organisation, account_id, domain …). What is critical and
proved is silenced only where the silence says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from detectors.model import Severity, Verdict
from monitor.store.model import Exposure, Silence

MATCHES: Final = ("rule", "provider", "repository", "severity", "owner", "incident")
_PATTERNS: Final = frozenset({"rule", "provider", "repository", "incident"})
_LONGEST: Final = 300  # characters of a value


class BadSilence(ValueError):
    """What a silence can not be. The message says why."""


def checked(matches: Mapping[str, str], *, since: float, until: float, reason: str) -> dict[str, str]:
    """The matches that are given. Raises BadSilence."""
    found = {name: value.strip() for name, value in matches.items() if value.strip()}
    if not found:
        raise BadSilence(f"a silence names what it silences: at least one of {', '.join(MATCHES)}")
    for name, value in found.items():
        if name not in MATCHES:
            raise BadSilence(f"{name}: an exposure is matched by {', '.join(MATCHES)}")
        if len(value) > _LONGEST:
            raise BadSilence(f"{name}: at most {_LONGEST} characters")
    if (severity := found.get("severity")) and severity not in {each.value for each in Severity}:
        raise BadSilence(f"severity is one of {', '.join(each.value for each in Severity)}")
    if not reason.strip():
        raise BadSilence("a silence needs a reason: who looks at it later must know why nobody was told")
    if until <= since:
        raise BadSilence("it ends before it begins")
    return found


def silencing(row: Exposure, incident: str, silences: Iterable[Silence]) -> Sequence[Silence]:
    """Those of `silences` under which the exposure falls."""
    worst = row.severity == Severity.CRITICAL and row.verdict == Verdict.PROVED
    return [
        silence
        for silence in silences
        if (silence.even_critical or not worst)
        and all(_has(row, incident, name, value) for name, value in silence.matches.items())
    ]


def _has(row: Exposure, incident: str, name: str, value: str) -> bool:
    if name in _PATTERNS:
        text = incident if name == "incident" else str(getattr(row, name))
        return _like(text, value)
    if name == "owner":
        return any(reason["kind"] == value for reason in row.reasons)
    return row.severity == value


def _like(text: str, pattern: str) -> bool:
    """`*` in the pattern is any text; the rest is itself, without case. Never slower than both are long."""
    first, *rest = pattern.casefold().split("*")
    text = text.casefold()
    if not rest:
        return text == first
    *middle, last = rest
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
