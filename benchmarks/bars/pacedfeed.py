"""Hands a stream in at a steady rate, whatever the service does: what is late is sent at once, so that the rate holds over time."""

from __future__ import annotations

import asyncio
import http.client
import time
from typing import Final

from benchmarks.bars.stream import Stream
from monitor.aio import cancel, spawn

_LANES: Final = 4  # requests under way at once
_PATIENCE_SECONDS: Final = 30.0


class PacedFeed:
    """`posted` and `posted_bytes` (of content) count what the service took, `sent_again` the bodies that it had to be sent again;
    `arrivals` has the moment (time.monotonic) before the request of each leak; `latest` is how many seconds the feed itself was late
    at worst. `run` once.
    """

    def __init__(self, stream: Stream, *, port: int, token: str, rate: float, burst: int) -> None:
        """`rate` in documents a second, `burst` of them in each request."""
        self.posted = 0
        self.posted_bytes = 0
        self.sent_again = 0
        self.latest = 0.0
        self.arrivals: dict[int, float] = {}
        self._stream = stream
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
        self._rate = rate
        self._burst = burst
        self._next = 0

    async def run(self, documents: int, *, stop: asyncio.Event | None = None) -> None:
        """The first so many, or until `stop`. Raises AssertionError when the service refuses a body for good."""
        began = time.monotonic()
        lanes = [spawn(self._lane(began, documents, stop), name=f"feed {n}") for n in range(_LANES)]
        try:
            await asyncio.gather(*lanes)
        finally:
            await cancel(*lanes)

    async def _lane(self, began: float, documents: int, stop: asyncio.Event | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_SECONDS)
        try:
            while self._next < documents and not (stop is not None and stop.is_set()):
                first, last = self._next, min(self._next + self._burst, documents)
                self._next = last
                body = b"\n".join(map(self._stream.line, range(first, last)))
                due = began + first / self._rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                at = time.monotonic()
                self.latest = max(self.latest, at - due)
                self.arrivals |= {number: at for number in range(first, last) if self._stream.is_leak(number)}
                await self._hand_in(connection, body)
                self.posted += last - first
                self.posted_bytes += sum(map(self._stream.size, range(first, last)))
        finally:
            connection.close()

    async def _hand_in(self, connection: http.client.HTTPConnection, body: bytes) -> None:
        while (status := await asyncio.to_thread(self._post, connection, body)) != http.HTTPStatus.ACCEPTED:
            assert status in (0, 429, 503), f"the ingest source answered {status}"
            self.sent_again += 1
            await asyncio.sleep(1.0)

    def _post(self, connection: http.client.HTTPConnection, body: bytes) -> int:
        """The status; 0 when there was no answer."""
        try:
            connection.request("POST", "/ingest/v1/documents", body, self._headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # the next request connects anew
            return 0
        return answer.status
