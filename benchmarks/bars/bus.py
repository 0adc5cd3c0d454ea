"""What the embedded bus carries, how late it is, and what it costs when nothing happens.

python -m benchmarks.bars.bus        prints the figures and writes docs/evidence/bus-throughput.json
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import evidence
from monitor.aio import spawn
from monitor.bus.base import Consumer, Handled, Message, Record, TopicSpec
from monitor.bus.embedded import EmbeddedBus
from monitor.bus.runner import Runner
from monitor.metrics import Metrics

RECORDS, BYTES, BATCH = 40_000, 2048, 200
HEADERS = {"v": b"1.0", "m": bytes(300)}


async def _bus(folder: Path) -> EmbeddedBus:
    bus = EmbeddedBus(folder)
    await bus.start()
    await bus.ensure_topics([TopicSpec("in"), TopicSpec("out"), TopicSpec("times", partitions=1)])
    return bus


def _batch(start: int, value: bytes) -> list[Message]:
    return [Message("in", b"key-%d" % (start + i), value, HEADERS) for i in range(BATCH)]


async def _produce(bus: EmbeddedBus, count: int) -> float:
    """Records a second."""
    producer, value = bus.producer(), os.urandom(BYTES)
    began = time.perf_counter()
    for start in range(0, count, BATCH):
        await producer.send(_batch(start, value))
    return count / (time.perf_counter() - began)


async def _consume(consumer: Consumer, count: int) -> float:
    began, seen = time.perf_counter(), 0
    while seen < count:
        batch = await consumer.poll(max_records=BATCH, wait=1)
        seen += len(batch.records)
        await consumer.commit({record.place: record.offset + 1 for record in batch.records})
    return seen / (time.perf_counter() - began)


async def _pass_on(bus: EmbeddedBus, count: int) -> float:
    """Through the runner: every record read becomes one of the same size on another topic."""
    stop, seen = asyncio.Event(), 0

    async def handler(records: Sequence[Record]) -> Handled:
        nonlocal seen
        seen += len(records)
        if seen >= count:
            stop.set()
        return Handled([Message("out", r.key, r.value, r.headers) for r in records])

    began = time.perf_counter()
    await Runner(bus, handler, stage="bar", group="runner", topics=["in"], metrics=Metrics()).run(stop)
    return seen / (time.perf_counter() - began)


async def _latencies(consumer: Consumer, count: int) -> list[float]:
    """Milliseconds from before `send` to after `poll`, by the clock that all processes share."""
    late: list[float] = []
    while len(late) < count:
        for record in (await consumer.poll(max_records=10, wait=5)).records:
            late.append((time.monotonic() - float(record.value)) * 1000)
            await consumer.commit({record.place: record.offset + 1})
    return late


async def _send_times(bus: EmbeddedBus, count: int, pause: float) -> None:
    producer = bus.producer()
    for _ in range(count):
        await asyncio.sleep(pause)
        await producer.send([Message("times", b"k", str(time.monotonic()).encode())])


async def _child(*arguments: object) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bars.bus", *map(str, arguments)
    )


def _spread(late: list[float]) -> dict[str, float]:
    return {
        "median_ms": round(statistics.median(late), 1),
        "p95_ms": round(statistics.quantiles(late, n=20)[-1], 1),
        "max_ms": round(max(late), 1),
    }


async def measure(folder: Path) -> dict[str, object]:
    bus = await _bus(folder)
    result: dict[str, object] = {"records": RECORDS, "record_bytes": BYTES, "batch": BATCH}
    result["produce_per_s"] = round(await _produce(bus, RECORDS))
    result["consume_per_s"] = round(await _consume(await bus.consumer("g", ["in"]), RECORDS))
    result["runner_per_s"] = round(await _pass_on(bus, RECORDS))

    times = await bus.consumer("times", ["times"])
    sending = spawn(_send_times(bus, 40, 0.05), name="send")
    result["latency_same_process"] = _spread(await _latencies(times, 40))
    await sending
    child = await _child(folder, "times", 40, 0.35)
    result["latency_other_process"] = _spread(await _latencies(times, 40))
    await child.wait()

    cpu = time.process_time()
    for _ in range(10):
        await times.poll(max_records=1, wait=0.5)
    result["idle_consumer_cpu_percent"] = round((time.process_time() - cpu) / 5 * 100, 2)

    began = time.perf_counter()
    children = [await _child(folder, "produce", RECORDS // 2) for _ in range(3)]
    for child in children:
        assert await child.wait() == 0
    result["three_processes_produce_per_s"] = round(3 * RECORDS / 2 / (time.perf_counter() - began))
    await bus.close()
    return result


async def _main(folder: str = "", verb: str = "", count: str = "0", pause: str = "0") -> None:
    if verb:  # one of the bar's own processes
        bus = await _bus(Path(folder))
        await (_produce(bus, int(count)) if verb == "produce" else _send_times(bus, int(count), float(pause)))
        await bus.close()
        return
    with tempfile.TemporaryDirectory() as scratch:
        result = await measure(Path(scratch) / "bus")
    for name, value in result.items():
        print(f"{name:32} {value}")
    assert float(str(result["produce_per_s"])) >= 20_000
    assert float(str(result["consume_per_s"])) >= 20_000
    print(evidence.write("bus-throughput", result))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
