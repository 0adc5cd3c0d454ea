"""Writes a drill down, then plants it: what alerting sees later it knows already."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from detectors.model import Rule
from monitor.canary import canary, fingerprint
from monitor.drills.planting import NotPlanted, Planter, Planting, text
from monitor.identity import KeyRing
from monitor.store import drills
from monitor.store.drills import Drill
from monitor.store.engine import Store


@dataclass(frozen=True, slots=True)
class Begun:
    """Written down, not planted yet."""

    drill: Drill
    planting: Planting


class Desk:
    """For the tasks of one event loop. `rule` is that of the canary, `planters` are by source."""

    def __init__(
        self,
        store: Store,
        keys: KeyRing,
        rule: Rule,
        planters: Mapping[str, Planter],
        *,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._keys = keys
        self._rule = rule
        self._planters = planters
        self._clock = clock

    async def begin(
        self, connection: AsyncConnection, source: str, *, timeout: float, by: str, **detail: Any
    ) -> Begun:
        """In a transaction of the caller, to be committed before `plant`. `timeout` in seconds; `detail` is kept with it."""
        now = self._clock()
        secret, trace = canary(), secrets.token_hex(16)
        planter = self._planters[source]
        drill = Drill(
            id=trace,
            source=source,
            fingerprint=fingerprint(secret, self._rule, self._keys),
            planted_at=now,
            due=now + timeout,
            detail={"by": by, **detail},
        )
        await drills.add(connection, drill)
        return Begun(drill, Planting(trace, text(secret, trace, planter.ground), now))

    async def plant(self, begun: Begun) -> str:
        """Returns why it could not be planted, "" when it stands. Raises StoreBusy."""
        try:
            detail = await self._planters[begun.drill.source].plant(begun.planting)
            failed = ""
        except NotPlanted as error:
            failed = str(error)
            detail = {"failed": failed}
        async with self._store.write() as connection:
            await drills.note(connection, begun.drill.id, detail)
        return failed

    async def hold(self, source: str, *, timeout: float, by: str, **detail: Any) -> tuple[Drill, str]:
        """`begin` and `plant`. Raises StoreBusy."""
        async with self._store.write() as connection:
            begun = await self.begin(connection, source, timeout=timeout, by=by, **detail)
        return begun.drill, await self.plant(begun)
