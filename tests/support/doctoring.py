"""One family of the doctor's checks, called by itself."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitor.commands.doctor.check import Check, Found, Outcome, Patient, Reading
from monitor.config import Config

OFF = 600.0  # seconds: the ten minutes by which a clock is off


def look(
    family: Callable[[Patient], Found],
    config: Config,
    *,
    clock: Callable[[], float] = time.time,
    room: Callable[[Path], os.statvfs_result] = os.statvfs,
    offline: bool = False,
) -> list[Check | Reading]:
    """In a thread, as the doctor does it: a family may run an event loop of its own."""
    found: list[Check | Reading] = []
    patient = Patient(config, clock, room, offline)
    thread = threading.Thread(target=lambda: found.extend(family(patient)))
    thread.start()
    thread.join()
    return found


async def looked(family: Callable[[Patient], Found], config: Config, **more: Any) -> list[Check | Reading]:
    """The same while this loop serves what is asked."""
    return await asyncio.to_thread(look, family, config, **more)


def named(found: list[Check | Reading], name: str) -> list[Check]:
    return [each for each in found if isinstance(each, Check) and each.name == name]


def one(found: list[Check | Reading], name: str) -> Check:
    (check,) = named(found, name)
    return check


def failed(check: Check, *words: str) -> None:
    """It fails, says all of `words`, and what to do."""
    assert check.outcome is Outcome.FAIL, check
    assert check.advice, check
    for word in words:
        assert word in check.text, (word, check.text)


def warned(check: Check, *words: str) -> None:
    assert check.outcome is Outcome.WARN, check
    assert check.advice, check
    for word in words:
        assert word in check.text, (word, check.text)
