"""The collectors' memory for sources that need not know that it can be busy: what fails now is tried until it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

from monitor.bus.base import RetryableError
from monitor.collectors.base import CollectorState, Stopping
from monitor.contracts import Request

_T = TypeVar("_T")
_RETRY_SECONDS: Final = 1.0


class PatientState:
    """A CollectorState over another one whose RetryableError (locked file, full disk) it waits out, as back-pressure is.

    `blocked` is told "state_busy" at every failure and "" once it works again; `sleep(seconds)` says whether the service stops. Every method raises Stopping then: nothing was saved, and it will be collected again.
    """

    def __init__(
        self,
        state: CollectorState,
        *,
        sleep: Callable[[float], Awaitable[bool]],
        blocked: Callable[[str], None],
    ) -> None:
        self._state = state
        self._sleep = sleep
        self._blocked = blocked

    async def cursor(self, source: str, name: str = "") -> str | None:
        return await self._done(lambda: self._state.cursor(source, name))

    async def save_cursor(self, source: str, value: str, name: str = "") -> None:
        await self._done(lambda: self._state.save_cursor(source, value, name))

    async def unseen(self, source: str, keys: Sequence[bytes]) -> set[bytes]:
        return await self._done(lambda: self._state.unseen(source, keys))

    async def mark_seen(self, source: str, keys: Iterable[bytes]) -> None:
        kept = list(keys)  # an iterator has them once only
        await self._done(lambda: self._state.mark_seen(source, kept))

    async def fresh(self, blobs: Sequence[bytes]) -> set[bytes]:
        return await self._done(lambda: self._state.fresh(blobs))

    async def handed_in(
        self,
        source: str,
        *,
        blobs: Iterable[bytes] = (),
        seen: Iterable[bytes] = (),
        cursor: str | None = None,
        cursor_name: str = "",
    ) -> None:
        known, kept = list(blobs), list(seen)
        await self._done(
            lambda: self._state.handed_in(
                source, blobs=known, seen=kept, cursor=cursor, cursor_name=cursor_name
            )
        )

    async def add_requests(self, requests: Sequence[Request]) -> None:
        await self._done(lambda: self._state.add_requests(requests))

    async def requests(self, source: str) -> Sequence[Request]:
        return await self._done(lambda: self._state.requests(source))

    async def finish_request(self, request: Request) -> None:
        await self._done(lambda: self._state.finish_request(request))

    async def _done(self, work: Callable[[], Awaitable[_T]]) -> _T:
        failed = False
        while True:
            try:
                result = await work()
            except RetryableError:
                failed = True
                self._blocked("state_busy")
                if await self._sleep(_RETRY_SECONDS):
                    raise Stopping from None
            else:
                if failed:
                    self._blocked("")
                return result
