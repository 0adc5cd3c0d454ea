"""Puts a bar's documents into the service through its ingest source, in waves that the matchers cannot keep up with, so that kills
fall into work; sends again what was not taken.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson

from monitor.contracts import Document

BURST: Final = 250  # documents a request


@dataclass(frozen=True, slots=True)
class Waves:
    """So many `documents` without a pause, then a pause of `seconds`."""

    documents: int = 2000
    seconds: float = 4.0


class Feed:
    """`posted` counts the documents that the service took, `sent_again` the bodies that it had to be sent again."""

    def __init__(self, port: int, token: str, waves: Waves | None = None) -> None:
        self.posted = 0
        self.sent_again = 0
        self._port = port
        self._token = token
        self._waves = waves or Waves()
        self._limit: int | None = None
        self._moved = asyncio.Event()
        self._allowed = asyncio.Event()

    def allow(self, documents: int | None) -> None:
        """Stand still when so many are posted; None: go on to the end."""
        self._limit = documents
        self._allowed.set()

    async def reached(self, documents: int) -> None:
        """Return when so many are posted."""
        while self.posted < documents:
            self._moved.clear()
            await self._moved.wait()

    async def run(self, documents: Iterable[Document]) -> None:
        """Raises AssertionError when the service refuses a body for good."""
        stream = iter(documents)
        while lines := [_line(document) for document in islice(stream, BURST)]:
            while self._limit is not None and self.posted >= self._limit:
                self._allowed.clear()
                await self._allowed.wait()
            body = b"\n".join(lines)
            while (status := await asyncio.to_thread(self._post, body)) != http.HTTPStatus.ACCEPTED:
                assert status in (0, 429, 503), f"the ingest source answered {status}"
                self.sent_again += 1
                await asyncio.sleep(1.0)
            self.posted += len(lines)
            self._moved.set()
            if self.posted % self._waves.documents == 0:
                await asyncio.sleep(self._waves.seconds)

    def _post(self, body: bytes) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-ndjson"}
        try:
            connection.request("POST", "/ingest/v1/documents", body, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


def _line(document: Document) -> bytes:
    return orjson.dumps(dict(_fields(document)))


def _fields(document: Document) -> Iterator[tuple[str, Any]]:
    yield "id", document.id
    yield "published_at", document.published_at
    yield "media_type", document.media_type
    where = document.provenance
    for name in ("forge", "repository", "owner", "url", "commit", "ref", "path", "author", "author_email"):
        yield name, getattr(where, name)
    try:
        yield "content", document.content.decode()
    except UnicodeDecodeError:
        yield "content_base64", base64.b64encode(document.content).decode()
