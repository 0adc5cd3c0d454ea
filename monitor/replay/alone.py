"""Only one replay at a time: two would scan everything twice, and each would overwrite where the other stands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.bus.base import BusError
from monitor.store import leases
from monitor.store.engine import Store
from monitor.store.leases import Lease

_NAME: Final = "replay"


class AnotherReplay(BusError):
    """Somebody else is at it."""

    def __init__(self) -> None:
        super().__init__(
            "another replay is under way (or was killed a minute ago): let it end, or stop it with Ctrl-C and go on with --resume"
        )


class Alone:
    """The turn of this replay; `held` gives it back at the end. One that was killed gives it up after `seconds`."""

    def __init__(self, store: Store, lease: Lease, *, clock: Callable[[], float], seconds: float) -> None:
        self._store = store
        self._lease = lease
        self._clock = clock
        self._seconds = seconds

    @classmethod
    @asynccontextmanager
    async def held(
        cls, store: Store, *, clock: Callable[[], float], holder: str, seconds: float
    ) -> AsyncIterator[Self]:
        """`seconds`: longer than one step takes. Raises AnotherReplay, StoreBusy."""
        now = clock()
        async with store.write() as connection:
            lease = await leases.take(connection, _NAME, holder=holder, now=now, until=now + seconds)
        if lease is None:
            raise AnotherReplay
        alone = cls(store, lease, clock=clock, seconds=seconds)
        try:
            yield alone
        finally:
            async with store.write() as connection:
                await leases.release(connection, lease)

    async def renew(self, connection: AsyncConnection) -> None:
        """Raises AnotherReplay: it took too long, and another one has begun."""
        if await leases.renew(connection, self._lease, until=self._clock() + self._seconds) is None:
            raise AnotherReplay
