"""How long a leak takes to a person: what the last drill measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from monitor import app
from monitor.commands.doctor.check import Found, Patient, ok, warn
from monitor.config import ConfigError
from monitor.metrics.objectives import PAGE_SECONDS
from monitor.store.errors import StoreError
from monitor.store.settings import StoreSettings

_NAME: Final = "time to page"
_OLD_DAYS: Final = 30
_HOW: Final = "`leakstream drill` plants a harmless leak and measures it; see docs/how-to/drills.md"


def look(patient: Patient) -> Found:
    config = patient.config
    if patient.offline and not app.section(config, StoreSettings).is_file:
        return
    try:
        seen = app.look_at_store(config, clock=patient.clock)
    except (StoreError, ConfigError, OSError):
        return  # told by the look at the store
    last = seen.drilled if seen else None
    if last is None:
        yield warn(_NAME, "nobody has measured it yet", _HOW)
        return
    day = datetime.fromtimestamp(last.planted_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if last.told_at is None:
        told = f"the last drill ({last.source}, {day}) was missed: nobody was told in time"
        yield warn(
            _NAME,
            told,
            "`leakstream drill list` shows it, `leakstream drill` plants another and follows it from stage to stage",
        )
        return
    took = last.told_at - last.planted_at
    told = f"{took:.1f} s by the last drill ({last.source}, {day})"
    if took > PAGE_SECONDS:
        advice = "see docs/reference/objectives.md, and on the dashboard Stream health which stage is slow"
        yield warn(_NAME, f"{told}; {PAGE_SECONDS:.0f} s is the objective", advice)
    elif patient.clock() - last.planted_at > _OLD_DAYS * 86_400:
        yield warn(_NAME, f"{told}, more than {_OLD_DAYS} days ago", _HOW)
    else:
        yield ok(_NAME, told)
