"""Our clock beside those of the servers that were asked anyway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Final

from monitor.commands.doctor.check import Check, Reading, fail, ok, warn

_FAIL: Final = 60.0  # seconds; sign-in times, TLS and tokens of an App refuse about that
_WARN: Final = 5.0  # leases last half a minute
_NAME: Final = "clock"
_HOW: Final = "see `timedatectl`; `timedatectl set-ntp true` or your NTP service"


def reading(who: str, date: str, *, asked: float, answered: float) -> Reading | None:
    """Of the Date header of a server's answer, by this host's clock asked and answered then; None where it is none."""
    try:
        theirs = parsedate_to_datetime(date).timestamp() + 0.5  # it has whole seconds
    except ValueError:
        return None
    return Reading(who, (asked + answered) / 2 - theirs, (answered - asked) / 2 + 0.5)


def judge(readings: Sequence[Reading]) -> Iterator[Check]:
    """One line for this host's clock, and one for each server whose clock differs from those that agree with ours."""
    if not readings:
        return
    apart = [each for each in readings if _distance(each) > _WARN]
    if not apart:
        named = ", ".join(sorted({each.who for each in readings}))
        yield ok(_NAME, f"agrees with {named}")
        return
    near = [each for each in readings if _distance(each) <= _WARN and not each.at_least]
    if not near and _agree(apart):
        named = " and ".join(sorted({each.who for each in apart}))
        yield _told(
            f"this host's clock is {_words(max(apart, key=_distance))} {named}", f"set it: {_HOW}", apart
        )
        return
    for each in apart:
        others = f", but agrees with {', '.join(sorted({one.who for one in near}))}" if near else ""
        found = f"this host's clock is {_words(each)} {each.who}{others}"
        whose = (
            f"the clock of {each.who} is the one that is off; set that" if near else "set the one that is off"
        )
        yield _told(found, f"{whose}: {_HOW}", [each])


def _told(found: str, advice: str, apart: Iterable[Reading]) -> Check:
    far = any(_distance(each) > _FAIL for each in apart)
    return (fail if far else warn)(_NAME, found, advice)


def _distance(reading: Reading) -> float:
    """That is sure, in seconds."""
    if reading.at_least:
        return max(0.0, -reading.ahead - reading.within)
    return max(0.0, abs(reading.ahead) - reading.within)


def _agree(readings: Iterable[Reading]) -> bool:
    """Whether all are off by the same, as far as they can tell."""
    exact = sorted(each.ahead for each in readings if not each.at_least)
    return all(after - before <= 2 * _WARN for before, after in pairwise(exact))


def _words(reading: Reading) -> str:
    size, way = abs(reading.ahead), "ahead of" if reading.ahead > 0 else "behind"
    least = "at least " if reading.at_least else ""
    told = f"{size / 60:.0f} min" if size >= 120 else f"{size:.0f} s"
    return f"{least}{told} {way}"
