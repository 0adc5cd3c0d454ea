from __future__ import annotations

import pytest

from collecting import BusyState, MemoryState
from monitor.bus.base import Record, RetryableError
from monitor.collectors.desk import RequestDesk
from monitor.contracts import Request
from monitor.metrics import Metrics


def record(request: Request, value: bytes | None = None) -> Record:
    message = request.message()
    return Record(message.topic, 0, 0, message.key, value or message.value, message.headers, 0.0)


SWEEP = Request("sweep", "git", "https://forge.example/a.git", 1.0)


async def test_a_request_is_kept_for_its_source_once() -> None:
    state, metrics = MemoryState(), Metrics()
    desk = RequestDesk(state, ["git"], metrics)
    for _ in range(2):
        assert (await desk.handle([record(SWEEP)])).dead == []
    assert await state.requests("git") == [SWEEP]


async def test_what_nobody_can_do_is_counted_and_what_is_none_is_a_dead_letter() -> None:
    state, metrics = MemoryState(), Metrics()
    handled = await RequestDesk(state, ["git"], metrics).handle(
        [record(Request("repair", "gharchive", "x", 1.0)), record(SWEEP, b"{"), record(SWEEP)]
    )
    assert [letter.reason for letter in handled.dead] == ["not_json"]
    assert await state.requests("git") == [SWEEP]
    labels = {"stage": "collect", "reason": "unserved_request"}
    assert metrics.registry.get_sample_value("leakstream_dropped_total", labels) == 1


async def test_a_busy_memory_makes_the_batch_come_again() -> None:
    class Busy(BusyState):
        async def add_requests(self, requests: object) -> None:
            self._busy()

    with pytest.raises(RetryableError):
        await RequestDesk(Busy(1), ["git"], Metrics()).handle([record(SWEEP)])
