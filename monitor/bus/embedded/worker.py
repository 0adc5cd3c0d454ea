"""A thread with a database of its own, so that the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

_R = TypeVar("_R")


class _Closes(Protocol):
    def close(self) -> None: ...


_T = TypeVar("_T", bound=_Closes)


class Worker(Generic[_T]):
    """Opens a thing in one thread at the first call and runs every call there, one after the other."""

    def __init__(self, name: str, make: Callable[[], _T]) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._make = make
        self._thing: _T | None = None

    async def call(self, method: Callable[..., _R], *args: Any) -> _R:
        """`method(thing, *args)` in the thread. When cancelled, what runs there runs on to its end."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, method, args)

    def _do(self, method: Callable[..., _R], args: tuple[Any, ...]) -> _R:
        if self._thing is None:
            self._thing = self._make()
        return method(self._thing, *args)

    async def close(self) -> None:
        """Waits for what is under way. Call once, after the last `call`."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _close(self) -> None:
        if self._thing is not None:
            self._thing.close()
            self._thing = None
