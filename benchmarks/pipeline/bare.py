"""The yardstick: a bare aiokafka consumer that throws away what it reads, in a process of its own.

python -m benchmarks.pipeline.bare BOOTSTRAP TOPIC BYTES

Reads a topic from its beginning to its end, with no group, and prints its figures.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from benchmarks.pipeline.steady import Rate, Sample, steady
from benchmarks.pipeline.usage import tell


async def read(bootstrap: str, topic: str) -> Rate:
    """With the fetch sizes of the service's own consumer."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_min_bytes=16 * 1024,
        fetch_max_bytes=16 * 1024**2,
        max_partition_fetch_bytes=1024**2,
    )
    await consumer.start()
    try:
        await consumer._client.set_topics([topic])  # noqa: SLF001 - nothing public asks for one topic's partitions
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
        consumer.assign(places)
        left = sum((await consumer.end_offsets(places)).values())
        samples: list[Sample] = []
        done = 0
        while left > 0:
            found = await consumer.getmany(timeout_ms=500, max_records=1000)
            count = sum(map(len, found.values()))
            done, left = done + count, left - count
            samples.append(Sample(time.monotonic(), done, {"bare": time.process_time()}))
        return steady(samples)
    finally:
        await consumer.stop()


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    bootstrap, topic, size = arguments[0], arguments[1], int(arguments[2])
    rate = uvloop.run(read(bootstrap, topic))
    tell(rate, size)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
