from __future__ import annotations

import pytest

from monitor.bus.base import UpgradeNeeded
from monitor.bus.decode import decode
from monitor.contracts import CoverageEvent
from scripted_bus import record


def _event(offset: int, version: bytes = b"1.0") -> object:
    message = CoverageEvent(source="s", since=1.0, until=2.0).message()
    return record(message.value, offset, headers={"v": version})


def test_sets_apart_what_cannot_be_read() -> None:
    records = [_event(0), record(b"{", 1, headers={"v": b"1.0"}), record(b"{}", 2), _event(3)]
    decoded = decode(CoverageEvent.read, records)
    assert [(r.offset, event.source) for r, event in decoded.items] == [(0, "s"), (3, "s")]
    assert [(letter.record.offset, letter.reason) for letter in decoded.dead] == [
        (1, "not_json"),
        (2, "no_version"),
    ]


def test_a_later_version_is_no_dead_letter() -> None:
    with pytest.raises(UpgradeNeeded):
        decode(CoverageEvent.read, [_event(0), _event(1, b"2.0")])
