from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from collecting import Bench, reply, serving
from monitor.budget import Limited
from monitor.collectors.base import Stopping
from monitor.collectors.context import Context
from monitor.collectors.upstream import Refused, Unavailable, Upstream
from monitor.http import Validators


class Asking:
    """An Upstream, its context and a server whose answers come from a list (the last one for ever)."""

    def __init__(self, bench: Bench, *answers: Any) -> None:
        self.answers = list(answers)
        self.headers: list[dict[str, str]] = []
        self.bench = bench
        self.stop = asyncio.Event()
        self.context = Context(
            "src",
            stop=self.stop,
            state=bench.state,
            producer=bench.producer,
            metrics=bench.metrics,
            clock=bench.time,
            sleep=bench.time.sleep,
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, int):
            return web.Response(status=answer, text="<html>")
        if isinstance(answer, web.Response):
            return answer
        return reply(answer)

    async def ask(self, call: Callable[[Upstream, str], Awaitable[Any]], **options: Any) -> Any:
        async with serving(self.handle) as base:
            budget = self.bench.http.budget(base, "c", **options)
            upstream = Upstream(
                self.bench.http, self.bench.metrics, budget, headers={"X-Own": "1"}, draw=lambda: 1.0
            )
            return await call(upstream, base)

    def outcome(self, name: str) -> float:
        return self.bench.metric("leakstream_source_requests_total", source="src", outcome=name)


async def test_passing_trouble_is_tried_again_with_growing_pauses() -> None:
    async with Bench() as bench:
        asking = Asking(bench, 502, "a string", {"x": 1})
        body, answer = await asking.ask(lambda up, url: up.get_json(asking.context, url, dict))
        assert (body, answer.status) == ({"x": 1}, 200)
        assert bench.time.slept == [4.0, 8.0]
        assert asking.headers[0]["X-Own"] == "1"
        assert [asking.outcome(o) for o in ("server_error", "bad_shape", "ok")] == [1, 1, 1]


async def test_it_gives_up_after_three() -> None:
    async with Bench() as bench:
        asking = Asking(bench, 500)
        with pytest.raises(Unavailable) as caught:
            await asking.ask(lambda up, url: up.get(asking.context, url))
        assert caught.value.reason == "server_error"
        assert len(asking.headers) == 3


async def test_json_of_something_else_is_no_answer() -> None:
    async with Bench() as bench:
        asking = Asking(bench, {"message": "hello"}, {"id": "x"})
        body, _ = await asking.ask(lambda up, url: up.get_json(asking.context, url, dict, having="id"))
        assert body == {"id": "x"}
        assert asking.outcome("bad_shape") == 1


@pytest.mark.parametrize("location", ["/", "http://169.254.169.254/latest/"])
async def test_a_way_in_a_circle_or_into_private_addresses_is_the_trouble_of_today(location: str) -> None:
    async with Bench() as bench:
        asking = Asking(bench, web.Response(status=302, headers={"Location": location}), {"x": 1})
        body, _ = await asking.ask(lambda up, url: up.get_json(asking.context, f"{url}/", dict))
        assert body == {"x": 1}


async def test_what_is_too_large_stays_too_large() -> None:
    async with Bench() as bench:
        asking = Asking(bench, ["x" * 2000])
        with pytest.raises(Refused) as caught:
            await asking.ask(lambda up, url: up.get(asking.context, url, max_bytes=1000))
        assert (caught.value.reason, caught.value.status, len(asking.headers)) == ("too_large", 0, 1)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
async def test_a_verdict_is_never_asked_for_twice(status: int) -> None:
    async with Bench() as bench:
        asking = Asking(bench, status)
        with pytest.raises(Refused) as caught:
            await asking.ask(lambda up, url: up.get(asking.context, url))
        assert (caught.value.reason, caught.value.status) == ("refused", status)
        assert len(asking.headers) == 1


@pytest.mark.parametrize("status", [300, 304])
async def test_an_answer_nobody_asked_for_is_no_content(status: int) -> None:
    async with Bench() as bench:
        asking = Asking(bench, status)
        with pytest.raises(Refused):
            await asking.ask(lambda up, url: up.get(asking.context, url))
        assert asking.outcome("redirect") == 1


async def test_a_304_has_an_empty_body_of_the_kind() -> None:
    async with Bench() as bench:
        asking = Asking(bench, 304)
        wanted = Validators(etag='"x"')
        body, answer = await asking.ask(
            lambda up, url: up.get_json(asking.context, url, list, validators=wanted)
        )
        assert (body, answer.status) == ([], 304)


async def test_a_limit_is_handed_on_and_then_nothing_goes_out() -> None:
    async with Bench() as bench:
        asking = Asking(bench, 429)

        async def twice(upstream: Upstream, url: str) -> None:
            for _ in range(2):
                with pytest.raises(Limited):
                    await upstream.get(asking.context, url)
            assert upstream.asked == 1

        await asking.ask(twice)
        assert asking.outcome("limited") == 1


async def test_a_stop_ends_the_waiting() -> None:
    async with Bench() as bench:
        asking = Asking(bench, 500)
        asking.stop.set()
        with pytest.raises(Stopping):
            await asking.ask(lambda up, url: up.get(asking.context, url))
        assert len(asking.headers) == 1


async def test_requests_keep_their_distance() -> None:
    async with Bench() as bench:
        asking = Asking(bench, {"x": 1})

        async def three(upstream: Upstream, url: str) -> None:
            for _ in range(3):
                await upstream.get(asking.context, url)

        await asking.ask(three, interval=1.0)
        assert bench.time.slept == [1.0, 1.0]


async def test_what_an_answer_says_of_the_credential_can_be_watched() -> None:
    headers = {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": "4000",
        "GitHub-Authentication-Token-Expiration": "2030-01-02 03:04:05 UTC",
    }
    async with Bench() as bench:
        asking = Asking(bench, web.json_response({}, headers=headers))
        await asking.ask(lambda up, url: up.get(asking.context, url))
        assert bench.metric("leakstream_source_budget_limit_requests", source="src") == 5000
        assert bench.metric("leakstream_source_budget_remaining_requests", source="src") == 4000
        labels = {"kind": "token", "name": "src"}
        ends = bench.metrics.registry.get_sample_value("leakstream_expiry_timestamp_seconds", labels)
        assert ends == 1893553445.0
