"""Every family of checks, at the same time, each under a deadline of its own."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.commands.doctor import (
    brokers,
    clocks,
    disk,
    files,
    gitlab,
    notifiers,
    paging,
    rules,
    service,
    sources,
    stores,
)
from monitor.commands.doctor.check import Check, Found, Patient, Reading, fail
from monitor.config import Config


@dataclass(frozen=True, slots=True)
class Family:
    """`look` blocks; it may run an event loop of its own. After `seconds` nobody waits for it any more."""

    name: str
    look: Callable[[Patient], Found]
    seconds: float = 15.0


FAMILIES: Final = (
    Family("files", files.look),
    Family("disk", disk.look),
    Family("brokers", brokers.look, 30.0),
    Family("store", stores.look),
    Family("service", service.look),
    Family("sources", sources.look, 30.0),
    Family("gitlab", gitlab.look),
    Family("notifiers", notifiers.look),
    Family("time to page", paging.look),
)
# by itself and last: the first time the rules are compiled, and then nothing else in this process moves for a while
RULES: Final = Family("rules", rules.look, 300.0)


def examine(
    config: Config,
    *,
    offline: bool = False,
    clock: Callable[[], float] = time.time,
    room: Callable[[Path], os.statvfs_result] = os.statvfs,
    families: Sequence[Family] = FAMILIES,
) -> list[Check]:
    """In the order of the families, the clocks at the end. Blocks, for as long as the slowest may take; `offline` asks no other server.
    What a family raises is a fault of ours and is raised here.
    """
    patient = Patient(config, clock, room, offline)
    found = [*_all(patient, families), *_all(patient, [RULES])]
    checks = [each for each in found if isinstance(each, Check)]
    return [*checks, *clocks.judge([each for each in found if isinstance(each, Reading)])]


def _all(patient: Patient, families: Sequence[Family]) -> list[Check | Reading]:
    looks = [_Look(family, patient) for family in families]
    started = time.monotonic()
    for look in looks:
        look.start()
    return [each for look in looks for each in look.result(started)]


class _Look:
    """A thread that does not keep the program from ending: what hangs in the system (a name that nobody resolves, a dead network
    drive) cannot be cancelled.
    """

    def __init__(self, family: Family, patient: Patient) -> None:
        self._family = family
        self._patient = patient
        self._found: list[Check | Reading] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"doctor {family.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def result(self, started: float) -> Sequence[Check | Reading]:
        """`started`: time.monotonic. What it has found by the deadline."""
        self._thread.join(max(0.0, started + self._family.seconds - time.monotonic()))
        if self._thread.is_alive():
            told = f"no answer within {self._family.seconds:g} s"
            advice = "see whether this host's disks, name servers and network answer, then try again"
            return [*self._found, fail(self._family.name, told, advice)]
        if self._error is not None:
            raise self._error
        return self._found

    def _run(self) -> None:
        try:
            for each in self._family.look(self._patient):
                self._found.append(each)
        except BaseException as error:  # noqa: BLE001 - raised where the result is taken
            self._error = error
