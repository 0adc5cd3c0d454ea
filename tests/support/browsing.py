"""A plain HTTP client for tests of our own listeners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from multidict import CIMultiDictProxy


@dataclass
class Page:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


async def ask(method: str, url: str, *, data: Any = None, **headers: str) -> Page:
    """Header names are written with underscores. Nothing is followed, no cookie kept."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with aiohttp.request(method, url, data=data, headers=named, allow_redirects=False) as answer:
        return Page(answer.status, answer.headers, await answer.read())
