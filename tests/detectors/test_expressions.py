"""Every expression that a module keeps runs on hostile text: none may take for ever over a run that does not end as it wants."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
import re
import signal
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, Final

import detectors

# of this process: a thousand times what any of them needs; an exponential one needs years
_SECONDS: Final = 5.0
_SIZE: Final = 60
_SIGNS: Final = b"aA0-_ ./:=+\"'\n\t(,;@#x1e"
_PAIRS: Final = itertools.permutations([b"a", b"0", b"-", b".", b" ", b"/", b"\n", b"=", b'"', b","], 2)
_RUNS: Final = (
    *(bytes([sign]) for sign in _SIGNS),
    *(a + b for a, b in _PAIRS),
    b"ab ",
    b"aa-",
    b"a: ",
    b"0a.",
)


def expressions() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for info in pkgutil.walk_packages(detectors.__path__, "detectors."):
        for name, value in vars(importlib.import_module(info.name)).items():
            yield from _inside(f"{info.name}.{name}", value)


def _inside(name: str, value: object) -> Iterator[tuple[str, re.Pattern[Any]]]:
    match value:
        case re.Pattern():
            yield name, value
        case tuple() | list():
            for item in value:
                yield from _inside(name, item)
        case Mapping():
            for item in value.values():
                yield from _inside(name, item)


def takes_for_ever(pattern: re.Pattern[Any]) -> bool:
    def ring(_: int, __: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        for run in _RUNS:
            text = (run * _SIZE)[:_SIZE] + b"!"
            subject: Any = text if isinstance(pattern.pattern, bytes) else text.decode()
            pattern.fullmatch(subject)
            pattern.search(subject)
    except TimeoutError:
        return True
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return False


def test_no_expression_takes_for_ever() -> None:
    known = {pattern.pattern: (name, pattern) for name, pattern in expressions()}
    assert len(known) > 200
    assert [name for name, pattern in known.values() if takes_for_ever(pattern)] == []


def test_the_check_knows_one_that_does() -> None:
    assert takes_for_ever(re.compile(rb"(?:([0-9a-z])\1{1,7}[-_.]?){3,64}"))
