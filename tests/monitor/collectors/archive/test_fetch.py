from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiohttp import web

from archived import NOON
from collecting import Bench, Handler, serving
from monitor.budget import Limited
from monitor.collectors.archive.fetch import ArchivePlace, FetchLimits
from monitor.collectors.archive.hour import BadHour, hour_of
from monitor.collectors.base import Stopping
from monitor.collectors.context import Context
from monitor.collectors.upstream import Refused, Unavailable

HERE = hour_of(NOON)


@asynccontextmanager
async def placed(handler: Handler, *, size: int = 1000) -> AsyncIterator[tuple[Bench, Context, ArchivePlace]]:
    async with serving(handler) as base, Bench() as bench:
        context = Context(
            "gharchive",
            stop=asyncio.Event(),
            state=bench.state,
            producer=bench.producer,
            metrics=bench.metrics,
            clock=bench.time,
            sleep=bench.time.sleep,
        )
        yield (
            bench,
            context,
            ArchivePlace("mirror", base, bench.tools, FetchLimits(size, 5.0), has_manifest=True),
        )


async def read(context: Context, place: ArchivePlace) -> bytes:
    async with place.file(context, HERE) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_what_is_asked_for() -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if request.path.endswith("manifest.json"):
            return web.Response(
                body=orjson.dumps({"event_count": 1, "compressed_bytes": 2, "sha256": "a" * 64})
            )
        return web.Response(body=b"bytes", content_type="application/gzip")

    async with placed(handler) as (bench, context, place):
        assert (await place.manifest(context, HERE)).events == 1
        assert await read(context, place) == b"bytes"
        assert asked == ["/2026-06-01-12.manifest.json", "/2026-06-01-12.json.gz"]
        assert bench.time.slept == [1.0]  # between two requests
        assert bench.metric("leakstream_source_requests_total", source="gharchive", outcome="ok") == 2


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        (404, Refused, "client_error"),
        (403, Refused, "client_error"),
        (204, Refused, "redirect"),
        (206, Refused, "redirect"),
        (304, Refused, "not_modified"),
        (301, Refused, "redirect"),
        (500, Unavailable, "server_error"),
        (502, Unavailable, "server_error"),
        (429, Limited, "limited"),
    ],
)
async def test_another_status_is_no_file(status: int, error: type[Exception], outcome: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    async with placed(handler) as (bench, context, place):
        with pytest.raises(error):
            await read(context, place)
        assert bench.metric("leakstream_source_requests_total", source="gharchive", outcome=outcome) == 1


async def test_a_limit_holds_for_the_next_request_as_well() -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=503, headers={"Retry-After": "300"})

    async with placed(handler) as (_, context, place):
        with pytest.raises(Limited) as caught:
            await read(context, place)
        assert caught.value.retry_after == pytest.approx(300.0, abs=2.0)
        with pytest.raises(Limited):
            await place.manifest(context, HERE)
        assert len(asked) == 1


async def test_a_body_that_is_too_large_or_breaks_off() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": request.query.get("n", "500")})
        await answer.prepare(request)
        await answer.write(b"x" * 100)
        assert request.transport is not None
        request.transport.close()
        return answer

    async with placed(handler) as (_, context, place):
        with pytest.raises(Unavailable, match="truncated"):
            await read(context, place)
    async with placed(handler, size=400) as (_, context, place):
        with pytest.raises(Refused, match="too_large"):
            await read(context, place)


async def test_a_manifest_must_say_what_can_be_compared() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b'{"event_count": 3}')

    async with placed(handler) as (_, context, place):
        with pytest.raises(BadHour, match="bad_manifest"):
            await place.manifest(context, HERE)


async def test_nothing_is_asked_once_the_service_stops() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"bytes")

    async with placed(handler) as (_, context, place):
        assert await read(context, place) == b"bytes"
        context.stop.set()
        with pytest.raises(Stopping):
            await read(context, place)
