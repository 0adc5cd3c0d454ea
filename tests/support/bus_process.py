"""A process of its own on an embedded bus, to be killed: `python bus_process.py FOLDER produce|consume …`.

produce TOPIC START COUNT BATCH PAUSE   prints each number once its send has returned
consume TOPIC GROUP SECONDS             prints each number read, and commits after each batch
"""
# ruff: noqa: T201

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from monitor.bus.base import Backpressure, Fenced, Message
from monitor.bus.embedded import EmbeddedBus

SESSION = 1.5


async def produce(bus: EmbeddedBus, topic: str, start: str, count: str, batch: str, pause: str) -> None:
    producer = bus.producer()
    for first in range(int(start), int(start) + int(count), int(batch)):
        numbers = range(first, first + int(batch))
        messages = [
            Message(topic, b"%d" % (n % 7), b"%d" % n + bytes(500), {"n": b"%d" % n}) for n in numbers
        ]
        while True:
            try:
                await producer.send(messages)
                break
            except Backpressure as error:
                await asyncio.sleep(error.retry_after)
        print("\n".join(map(str, numbers)), flush=True)
        await asyncio.sleep(float(pause))


async def consume(bus: EmbeddedBus, topic: str, group: str, seconds: str) -> None:
    consumer = await bus.consumer(group, [topic])
    print("ready", flush=True)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        batch = await consumer.poll(max_records=20, wait=0.1)
        if batch.records:
            print("\n".join(record.headers["n"].decode() for record in batch.records), flush=True)
            try:
                await consumer.commit({record.place: record.offset + 1 for record in batch.records})
            except Fenced:
                print("fenced", flush=True)
    await consumer.close()


async def main(folder: str, verb: str, *arguments: str) -> None:
    bus = EmbeddedBus(Path(folder), session_seconds=SESSION)
    await bus.start()
    await {"produce": produce, "consume": consume}[verb](bus, *arguments)
    await bus.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
