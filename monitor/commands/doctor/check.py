"""What a look at one thing ends in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monitor.config import Config


class Outcome(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: `found` says what is there, `advice` what to do about it ("" only when all is well)."""

    outcome: Outcome
    name: str
    found: str
    advice: str = ""

    @property
    def text(self) -> str:
        return f"{self.found} → {self.advice}" if self.advice else self.found


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody else's clock: by how many seconds this host's is `ahead` of it, and how far from that it may be, being read over a
    network (`within`). `at_least`: it can be more, never less, since the other's time was written down a while ago.
    """

    who: str
    ahead: float
    within: float = 0.0
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at, and with what: this host's clock (epoch seconds), and how the room of a file system is known."""

    config: Config
    clock: Callable[[], float]
    room: Callable[[Path], os.statvfs_result]
    offline: bool = False


Found = Iterable[Check | Reading]


def ok(name: str, found: str) -> Check:
    return Check(Outcome.OK, name, found)


def warn(name: str, found: str, advice: str) -> Check:
    return Check(Outcome.WARN, name, found, advice)


def fail(name: str, found: str, advice: str) -> Check:
    return Check(Outcome.FAIL, name, found, advice)
