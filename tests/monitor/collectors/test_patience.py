from __future__ import annotations

import asyncio

import pytest

from collecting import BusyState, Time
from monitor.collectors.base import Stopping
from monitor.collectors.patience import PatientState


def patient(state: BusyState, time: Time, stop: asyncio.Event, told: list[str]) -> PatientState:
    return PatientState(state, sleep=lambda seconds: time.sleep(stop, seconds), blocked=told.append)


async def test_every_call_is_tried_until_it_is_done() -> None:
    state, time, told = BusyState(0), Time(), list[str]()
    patience = patient(state, time, asyncio.Event(), told)

    state.times = 2
    await patience.save_cursor("src", "7", "page")
    state.times = 1
    assert await patience.cursor("src", "page") == "7"
    state.times = 1
    await patience.mark_seen("src", iter([b"a", b"b"]))
    state.times = 1
    assert await patience.unseen("src", [b"a", b"c"]) == {b"c"}

    assert told == ["state_busy", "state_busy", ""] + ["state_busy", ""] * 3
    assert time.slept == [1.0] * 5


async def test_a_stop_ends_the_waiting() -> None:
    state, time = BusyState(float("inf")), Time()
    time.until = time.now + 3
    with pytest.raises(Stopping):
        await patient(state, time, asyncio.Event(), []).mark_seen("src", [b"a"])
    assert state.seen == set()
