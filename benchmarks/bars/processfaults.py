"""Faults of the service's own processes, each with the way back: killed and started again, stopped for a while."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.bars.fleet import Fleet, children, running

_DOWN_SECONDS: Final = 1.0
_REPLACED_SECONDS: Final = 10.0
_WORK_SECONDS: Final = 10.0


@dataclass(slots=True)
class ProcessFaults:
    """`left` tells how much work there is at the moment of a fault. `down`: who is dead at this moment on purpose. `killed_at`: when
    each was killed (epoch seconds), by name.
    """

    fleet: Fleet
    left: Callable[[], Awaitable[Mapping[str, int]]]
    down: set[str] = field(default_factory=set)
    killed_at: dict[str, list[float]] = field(default_factory=dict)

    async def kill(self, victims: Sequence[str]) -> dict[str, Any]:
        """All of them at once, in the midst of work; back when they are ready again. Raises FleetError."""
        unread = await self._at_work(victims)
        return await self.kill_now(victims) | {"left_to_do": unread}

    async def kill_now(self, victims: Sequence[str]) -> dict[str, Any]:
        """The same, whatever they are doing."""
        self.down.update(victims)
        orphans = [child for name in victims for child in children(self.fleet.members[name].process.pid)]
        for name in victims:
            self.killed_at.setdefault(name, []).append(self.fleet.kill(name))
        await asyncio.sleep(_DOWN_SECONDS)
        survivors = running(orphans)
        members = [self.fleet.restart(name) for name in victims]
        ready = [await asyncio.to_thread(self.fleet.wait_ready, member) for member in members]
        self.down.difference_update(victims)
        return {
            "ready_again_s": [round(seconds, 2) for seconds in ready],
            "children_left": len(survivors),
        }

    async def kill_scanning(self, victims: Sequence[str]) -> dict[str, Any]:
        """The scanning processes of a matcher. Its pool notices at its next job and starts another; `replaced_after_s` is None when
        none came for ten seconds.
        """
        unread = await self._at_work(victims)
        parents = [self.fleet.members[name].process.pid for name in victims]
        before = {child for parent in parents for child in children(parent)}
        for child in before:
            os.kill(child, signal.SIGKILL)
        began = time.monotonic()
        replaced = False
        while not replaced and time.monotonic() < began + _REPLACED_SECONDS:
            await asyncio.sleep(0.02)
            replaced = all(set(children(parent)) - before for parent in parents)
        return {
            "replaced_after_s": round(time.monotonic() - began, 2) if replaced else None,
            "children_left": len(running(sorted(before))),
            "left_to_do": unread,
        }

    async def pause(self, victims: Sequence[str], seconds: float) -> dict[str, Any]:
        """Stopped (SIGSTOP) for so long, then let go on."""
        unread = await self._at_work(victims)
        processes = [self.fleet.members[name].process for name in victims]
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            for process in processes:
                process.send_signal(signal.SIGCONT)
        return {"paused_s": seconds, "left_to_do": unread}

    async def _at_work(self, victims: Sequence[str]) -> dict[str, int]:
        """What is left as soon as the victims' stage has something to do, or after ten seconds. Stages that read nothing are not
        waited for.
        """
        stage = victims[0].partition("-")[0]
        limit = time.monotonic() + _WORK_SECONDS
        while True:  # nobody tells of new work
            left = dict(await self.left())
            if left.get(stage, 1) or time.monotonic() > limit:
                return left
            await asyncio.sleep(0.01)
