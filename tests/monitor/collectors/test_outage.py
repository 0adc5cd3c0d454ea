from __future__ import annotations

import asyncio

from collecting import START, Bench, MemoryProducer
from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.context import Context
from monitor.collectors.outage import Outage
from monitor.collectors.upstream import Refused, Unavailable


class Server:
    """Does not answer from `begins` to `ends` (seconds after START)."""

    def __init__(self, begins: float, ends: float) -> None:
        self.begins, self.ends = START + begins, START + ends
        self.heard = START
        self.pings: list[float] = []

    async def ping(self, context: SourceContext) -> None:
        self.pings.append(context.now() - START)
        if self.begins <= context.now() < self.ends:
            raise Unavailable("timeout")
        self.heard = context.now()


def made(bench: Bench) -> Context:
    return Context(
        "src",
        stop=asyncio.Event(),
        state=bench.state,
        producer=bench.producer,
        metrics=bench.metrics,
        clock=bench.time,
        sleep=bench.time.sleep,
    )


async def blind(bench: Bench, context: Context) -> list[tuple[float, float, str]]:
    await context.emit()
    assert isinstance(bench.producer, MemoryProducer)
    return [(e.since - START, e.until - START, e.blind) for e in bench.producer.coverage]


async def test_an_outage_is_told_from_the_last_answer_to_the_next() -> None:
    async with Bench() as bench:
        context, server = made(bench), Server(10, 50)
        ended: list[tuple[float, float]] = []

        async def hear(_: SourceContext, since: float, until: float) -> None:
            ended.append((since - START, until - START))

        outage = Outage(server.ping, lambda: server.heard, hear)
        server.heard = START + 9
        bench.time.now = START + 12
        assert await outage.over(context, "timeout") is False
        ((since, until, why),) = await blind(bench, context)
        assert (since, why) == (9, "timeout")
        assert 50 <= until <= 53
        assert ended == [(since, until)]


async def test_what_only_one_request_suffers_is_no_outage() -> None:
    async with Bench() as bench:
        context, server = made(bench), Server(0, 0)
        assert await Outage(server.ping, lambda: server.heard).over(context, "server_error") is True
        assert await blind(bench, context) == []


async def test_a_refusal_is_an_answer() -> None:
    async with Bench() as bench:
        for error in (Refused("refused", 401), Limited(60.0)):

            async def ping(_: SourceContext, error: Exception = error) -> None:
                raise error

            assert await Outage(ping, lambda: START).over(made(bench), "timeout") is True


async def test_what_our_own_guard_refuses_is_no_answer() -> None:
    async with Bench() as bench:
        bench.time.until = START + 20

        async def ping(_: SourceContext) -> None:
            raise Refused("too_large")

        assert await Outage(ping, lambda: START).over(made(bench), "too_large") is False


async def test_a_long_outage_is_asked_about_less_and_less() -> None:
    async with Bench() as bench:
        context, server = made(bench), Server(0, 3600)
        await Outage(server.ping, lambda: None).over(context, "timeout")
        gaps = [b - a for a, b in zip(server.pings, server.pings[1:], strict=False)]
        assert gaps[1] == 3.0
        assert max(gaps) == 30.0
        assert len(server.pings) < 200


async def test_a_stop_ends_it() -> None:
    async with Bench() as bench:
        context, server = made(bench), Server(0, 1e9)
        bench.time.until = START + 20
        context.stop.clear()
        assert await Outage(server.ping, lambda: START).over(context, "timeout") is False
        assert context.stop.is_set()
        assert await blind(bench, context) == []


async def test_an_outage_while_nothing_is_due_is_told_within_seconds() -> None:
    async with Bench() as bench:
        context, server = made(bench), Server(21, 50)
        outage = Outage(server.ping, lambda: server.heard)
        assert await outage.wait(context, START + 100) is False
        ((since, until, why),) = await blind(bench, context)
        assert 17 <= since <= 21
        assert 50 <= until <= 53
        assert why == "timeout"
        assert bench.time.now == START + 100


async def test_a_server_that_refused_is_left_alone_while_waiting() -> None:
    async with Bench() as bench:
        context, server = made(bench), Server(0, 0)
        context.failing("refused")
        assert await Outage(server.ping, lambda: server.heard).wait(context, START + 100) is False
        assert server.pings == []


async def test_the_wait_ends_when_the_service_stops() -> None:
    async with Bench() as bench:
        context, server = made(bench), Server(0, 0)
        context.stop.set()
        assert await Outage(server.ping, lambda: server.heard).wait(context, START + 100) is True
        assert server.pings == []
