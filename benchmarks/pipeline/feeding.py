"""The collect stage's side of the bus, in a process of its own: makes messages of documents and sends them with the real producer.

python -m benchmarks.pipeline.feeding CONFIG DOCUMENTS BYTES LEAK_EVERY

Prints its figures. What making up the documents takes is not counted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.pipeline.case import opened
from benchmarks.pipeline.documents import documents
from benchmarks.pipeline.steady import Rate, Sample, steady
from benchmarks.pipeline.usage import tell

_SEND_BYTES: Final = 1024**2  # in one call, as a busy source does


async def feed(config: Path, count: int, size: int, leak_every: int) -> Rate:
    """Returns when all are durable."""
    samples, done, cpu, wall = [Sample(0.0, 0, {"collect": 0.0})], 0, 0.0, 0.0
    stream = documents(count, size, leak_every=leak_every)
    async with opened(config) as bus:
        producer = bus.producer()
        while chunk := list(islice(stream, max(1, _SEND_BYTES // size))):
            cpu_before, before = time.process_time(), time.perf_counter()
            await producer.send([document.message() for document in chunk])
            cpu += time.process_time() - cpu_before
            wall += time.perf_counter() - before
            done += len(chunk)
            samples.append(Sample(wall, done, {"collect": cpu}))
        await producer.close()
    return steady(samples)


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    count, size, leak_every = map(int, arguments[1:])
    rate = uvloop.run(feed(Path(arguments[0]), count, size, leak_every))
    tell(rate, size)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
