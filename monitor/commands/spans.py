"""Times, spans and keys as people type and read them at the terminal. All times are UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from monitor.commands.errors import Failure

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_LONGEST: Final = 1e13  # seconds that a timedelta takes
_SPAN: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def seconds(text: str) -> float:
    """`5m` as 300.0. Raises Failure."""
    if not (match := _SPAN.fullmatch(text.strip())):
        raise Failure(f"{text!r} is no span of time: write 90s, 5m, 24h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def since(text: str, *, now: float) -> float:
    """`24h` as the time that long before `now`, or a time as it stands. Raises Failure."""
    if _SPAN.fullmatch(text.strip()):
        return max(0.0, now - seconds(text))
    found = instant(text)
    if found >= now:
        raise Failure(f"{text!r} lies ahead: times are UTC")
    return found


def moment(at: str, date: str, *, now: float) -> tuple[float, float]:
    """When, and how long that is: `14:03` is a minute, `14:03:20` a second. Raises Failure."""
    if match := _CLOCK.fullmatch(at.strip()):
        day = datetime.fromtimestamp(now, UTC).date() if not date else _date(date)
        hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
        if hour > 23 or minute > 59 or second > 59:
            raise Failure(f"--at {at}: there is no such time")
        found = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC).timestamp()
        span = 1.0 if match[3] else 60.0
    elif date:
        raise Failure(f"--at {at}: with --date it is a time of day, 14:03 or 14:03:20")
    else:
        found = instant(at)
        span = 60.0 if found % 60 == 0 else 1.0
    if found > now:
        raise Failure(f"--at {at} lies ahead ({shown(found)} UTC): name another day with --date 2026-11-22")
    return found, span


def public_key(text: str) -> str:
    """64 lower-case hex. Raises Failure."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text.strip()):
        raise Failure(f"--key {text}: a public key is 64 hex digits, as `leakstream coverage key` prints it")
    return text.strip().lower()


def shown(at: float) -> str:
    """A time to the second; one that no calendar has, which a feed may have told, as its seconds."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"{at:.0f} s"


def length(seconds: float) -> str:
    """`90.0` as 0:01:30; "" for none."""
    return str(timedelta(seconds=round(min(seconds, _LONGEST)))) if seconds else ""


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise Failure(f"--date {text}: a day is written 2026-11-22") from error


def instant(text: str) -> float:
    """A time as it stands, UTC unless it says otherwise. Raises Failure."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Failure(
            f"{text!r} is no time: write 14:03, 2026-11-22T14:03 (UTC), or a span such as 24h"
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
