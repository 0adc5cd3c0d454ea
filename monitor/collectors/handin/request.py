"""What every request to /ingest has in common: its body read within bounds, and the answers that refuse it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.web import refusal

HOOK_BYTES: Final = 25 * 1024 * 1024  # of a webhook's body: GitHub sends no larger ones
_READ_SECONDS: Final = 60.0


class Refused(Exception):
    """A request that is answered with an error. `headers` with underscores."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.answer = refusal(status, reason, **headers)


async def read_body(request: web.Request, limit: int) -> bytes:
    """The raw body. Raises Refused: 408, 413, 415."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refused(415, "send it uncompressed")
    if (request.content_length or 0) > limit:
        raise Refused(413, f"more than {limit} bytes")
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_READ_SECONDS):
            async for piece in request.content.iter_any():
                size += len(piece)
                if size > limit:
                    raise Refused(413, f"more than {limit} bytes")
                pieces.append(piece)
    except TimeoutError:
        raise Refused(408, f"the body took longer than {_READ_SECONDS:.0f} s") from None
    return b"".join(pieces)


def json_of(request: web.Request, body: bytes) -> object:
    """A webhook's JSON. Raises Refused: 415, 422."""
    if request.content_type != "application/json":
        raise Refused(415, "set the webhook's content type to application/json")
    try:
        payload: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused(422, "not JSON") from None
    return payload


def payload_of(request: web.Request, body: bytes) -> Mapping[str, Any]:
    """A webhook's JSON object. Raises Refused: 415, 422."""
    payload = json_of(request, body)
    if not isinstance(payload, dict):
        raise Refused(422, "not an object")
    return payload


def accepted(taken: Sequence[object], *, status: int = 202) -> web.Response:
    """The bus has it. It says how many, and nothing of what became of them."""
    body = orjson.dumps({"accepted": len(taken), "status": "success"})  # the word is for AIL's feeders
    return web.Response(body=body, status=status, content_type="application/json")
