"""A look at the brokers that the configuration names, for the doctor: it makes and changes nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from monitor.app.buses import connected, topics
from monitor.app.loading import configured
from monitor.bus.base import Bus, BusError, UnknownTopic
from monitor.config import Config
from monitor.contracts import DEAD_LETTER_SUFFIX
from monitor.metrics import Metrics

if TYPE_CHECKING:
    from monitor.bus.kafka.greeting import Greeting

_SECONDS: Final = 5.0  # for one answer


@dataclass(frozen=True, slots=True)
class Brokers:
    """What is there of our topics. `missing` by their names on the brokers; a difference is a sentence. `newest`: when the brokers
    stored what they stored last, epoch seconds of their clock; None where nothing is, or may not be read.
    """

    topics: int
    partitions: int
    missing: Sequence[str]
    differences: Sequence[str]
    newest: float | None = None


def greet_brokers(config: Config) -> Mapping[str, Greeting]:
    """Each address of `bus.kafka.bootstrap`, and how far a connection to it goes. Blocks, a few seconds at most; not within an event loop.
    Raises ConfigError.
    """
    from monitor.bus.kafka.greeting import greet

    kafka = config.bus.kafka

    async def all_of_them() -> list[Greeting]:
        return await asyncio.gather(*(greet(kafka, address) for address in kafka.bootstrap))

    with configured("bus.kafka"):
        return dict(zip(kafka.bootstrap, asyncio.run(all_of_them()), strict=True))


async def look_at_brokers(config: Config, *, clock: Callable[[], float]) -> Brokers:
    """Compares topics, and makes none whatever `create_topics` says. Raises BusError (nobody answers, or we are refused), ConfigError;
    TimeoutError after some seconds.
    """
    kafka = config.bus.kafka
    patient = min(_SECONDS, kafka.request_seconds)
    shy = kafka.model_copy(update={"create_topics": False, "request_seconds": patient})
    config = replace(config, bus=config.bus.model_copy(update={"kafka": shy}))
    there: list[str] = []
    missing: list[str] = []
    differences: list[str] = []
    async with asyncio.timeout(4 * _SECONDS), connected(config, clock, Metrics(), "doctor") as bus:
        for spec in topics(config):
            try:
                differences += await bus.ensure_topics([spec])
            except UnknownTopic:
                missing.append(config.bus.prefix + spec.name)
            else:
                there.append(spec.name)
        partitions = len(await bus.end_offsets(there)) if there else 0
        newest = await _newest(bus, [name for name in there if not name.endswith(DEAD_LETTER_SUFFIX)])
    return Brokers(len(there), partitions, missing, differences, newest)


async def _newest(bus: Bus, names: Sequence[str]) -> float | None:
    try:
        ends = await bus.end_offsets(names) if names else {}
        last = [await bus.read(place, end - 1, 1) for place, end in ends.items() if end]
    except BusError:  # not everybody may read everything
        return None
    return max((record.appended_at for records in last for record in records), default=None)
