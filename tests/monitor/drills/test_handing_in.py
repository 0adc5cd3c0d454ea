"""Planted by POST, as any sender does; what ingest answers is said in words."""

from __future__ import annotations

import pytest
from aiohttp import web

from collecting import serving
from monitor.drills.handing_in import IngestPlanter
from monitor.drills.planting import Ground, NotPlanted, Planting
from monitor.http import HttpClient

PLANTING = Planting("ab" * 16, b"CANARY=x", 1_780_000_000.0)
GROUND = Ground(forge="github.com", owner="acme", repository="acme/drill")
TOKEN = "an-ingest-token-of-the-tests"


async def plant(base: str) -> dict[str, object]:
    http = HttpClient(user_agent="tests", allow_private=("127.0.0.1",))
    try:
        return await IngestPlanter(http, lambda: base, TOKEN, GROUND).plant(PLANTING)
    finally:
        await http.close()


async def test_it_hands_in_a_document_under_the_drill_s_trace() -> None:
    asked: list[tuple[dict[str, str], dict[str, str], bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((dict(request.query), dict(request.headers), await request.read()))
        return web.Response(status=202)

    async with serving(answer) as base:
        assert (await plant(base))["on_bus"] is True
    ((query, headers, body),) = asked
    assert body == b"CANARY=x"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["traceparent"] == f"00-{'ab' * 16}-{'ab' * 8}-01"
    assert (query["repository"], query["owner"], query["forge"]) == ("acme/drill", "acme", "github.com")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "does not know this token"),
        (404, "no [sources.ingest]"),
        (429, "rate"),
        (503, "busy"),
        (500, "refused"),
    ],
)
async def test_a_refusal_is_said_without_the_token(status: int, said: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with serving(answer) as base:
        with pytest.raises(NotPlanted, match=f"{status}") as raised:
            await plant(base)
    assert said in str(raised.value)
    assert TOKEN not in str(raised.value)


async def test_nobody_there() -> None:
    with pytest.raises(NotPlanted, match="is the service running"):
        await plant("http://127.0.0.1:9")
