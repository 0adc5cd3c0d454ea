"""Being the one process that does something: a lease that is kept as long as its holder lives.

Whoever holds it renews it when a third of its term is gone; a dead holder's is free when the term is over. Another process may
believe for a moment that it still holds it (it stood still): what is done under it must bear being done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from monitor.store import leases
from monitor.store.engine import Store
from monitor.store.leases import Lease

TERM: Final = 30.0  # seconds


class Tenure:
    """For one task. `holder` names the process in the store, for people."""

    def __init__(
        self, store: Store, name: str, *, holder: str, clock: Callable[[], float], term: float = TERM
    ) -> None:
        self._store = store
        self._name = name
        self._holder = holder
        self._clock = clock
        self._term = term
        self._lease: Lease | None = None

    @property
    def until(self) -> float:
        """How long it lasts, epoch seconds; 0 without it."""
        return 0.0 if self._lease is None else self._lease.until

    async def hold(self) -> bool:
        """Get it, or keep it. Returns whether this process has it. Writes only when it must. Raises StoreBusy."""
        now = self._clock()
        lease = self._lease
        if lease is not None and lease.until - now > self._term * 2 / 3:
            return True
        if lease is not None:
            async with self._store.write() as connection:
                self._lease = await leases.renew(connection, lease, until=now + self._term)
        else:
            async with self._store.read() as connection:
                if not await leases.is_free(connection, self._name, now=now):
                    return False
            async with self._store.write() as connection:
                self._lease = await leases.take(
                    connection, self._name, holder=self._holder, now=now, until=now + self._term
                )
        return self._lease is not None

    async def release(self) -> None:
        """Give it back, so that another goes on at once. Raises StoreBusy; then it runs out by itself."""
        if self._lease is not None:
            async with self._store.write() as connection:
                await leases.release(connection, self._lease)
            self._lease = None
