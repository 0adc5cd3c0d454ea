"""Faults of the brokers, one broker at a time, each with the way back: the next one may begin when every copy is in step again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from localkafka import LocalKafka

BROKERS: Final = ("broker-1", "broker-2", "broker-3")


@dataclass(frozen=True, slots=True)
class BrokerFaults:
    """Raises what LocalKafka raises when a node does not come back: BrokerFailed."""

    cluster: LocalKafka
    down_seconds: float = 5.0  # of a killed one
    lead_seconds: float = 30.0

    async def _led(self, node: int) -> int:
        """How many partitions it leads. One that came back leads nothing for a while: its loss would be no fault, so that is waited for."""
        limit = time.monotonic() + self.lead_seconds
        while True:  # brokers tell it only to who asks
            led = await asyncio.to_thread(self.cluster.led, node)
            if led or time.monotonic() > limit:
                return led
            await asyncio.sleep(0.2)

    async def kill(self, victims: Sequence[str]) -> dict[str, Any]:
        """SIGKILL, some seconds of nothing, start."""
        led = [await self._led(node) for node in map(_number, victims)]
        began = time.monotonic()
        for node in map(_number, victims):
            await asyncio.to_thread(self.cluster.kill, node)
            await asyncio.sleep(self.down_seconds)
            await asyncio.to_thread(self.cluster.start, node)
        back = time.monotonic() - began
        await asyncio.to_thread(self.cluster.wait_in_step)
        return {
            "partitions_led": led,
            "back_after_s": round(back, 2),
            "in_step_after_s": round(time.monotonic() - began, 2),
        }

    async def cut(self, victims: Sequence[str], seconds: float) -> dict[str, Any]:
        """Off the network for so long: from the clients and from the other brokers."""
        led = [await self._led(node) for node in map(_number, victims)]
        for node in map(_number, victims):
            await asyncio.to_thread(self.cluster.cut, node)
            try:
                await asyncio.sleep(seconds)
            finally:
                await asyncio.to_thread(self.cluster.heal, node)
        healed = time.monotonic()
        await asyncio.to_thread(self.cluster.wait_in_step)
        return {
            "partitions_led": led,
            "cut_s": seconds,
            "in_step_after_healing_s": round(time.monotonic() - healed, 2),
        }


def _number(broker: str) -> int:
    return BROKERS.index(broker) + 1
