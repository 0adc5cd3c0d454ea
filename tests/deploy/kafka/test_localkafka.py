"""Real brokers: they start, keep their records through a kill, and end with what started them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from localkafka import BrokerFailed, LocalKafka


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalKafka]:
    with LocalKafka(tmp_path / "kafka") as running:
        yield running


async def create(bootstrap: str, topic: str, copies: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, copies)])
    finally:
        await admin.close()


async def write(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, request_timeout_ms=4000
    )
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def read(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_the_shared_broker_answers(kafka: str) -> None:
    await create(kafka, "localkafka.shared", 1)
    await write(kafka, "localkafka.shared", [b"one"])
    assert await read(kafka, "localkafka.shared", 1) == [b"one"]


async def test_a_killed_node_comes_back_with_its_records(cluster: LocalKafka) -> None:
    await create(cluster.bootstrap, "kept", 1)
    await write(cluster.bootstrap, "kept", [b"before"])
    cluster.kill(1)
    cluster.start(1)
    await write(cluster.bootstrap, "kept", [b"after"])
    assert await read(cluster.bootstrap, "kept", 2) == [b"before", b"after"]


async def test_three_nodes_outlive_the_loss_of_one(tmp_path: Path) -> None:
    """One is killed, one cut off; what was acknowledged meanwhile is there."""
    with LocalKafka(tmp_path / "kafka", 3, relayed=True) as cluster:
        await create(cluster.bootstrap, "kept", 3)
        assert sum(cluster.led(node) for node in (1, 2, 3)) >= 1
        cluster.kill(1)
        await write(cluster.bootstrap, "kept", [b"without 1"])
        cluster.start(1)
        cluster.wait_in_step()
        cluster.cut(2)
        await write(bootstrap_of(cluster, 1, 3), "kept", [b"without 2"])
        cluster.heal(2)
        cluster.wait_in_step()
        assert await read(bootstrap_of(cluster, 2), "kept", 2) == [b"without 1", b"without 2"]


def bootstrap_of(cluster: LocalKafka, *nodes: int) -> str:
    places = cluster.bootstrap.split(",")
    return ",".join(places[node - 1] for node in nodes)


def test_a_node_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(BrokerFailed, match=r"(?s)Kafka node 1: .*log\.segment\.bytes"):
        LocalKafka(tmp_path / "kafka", properties={"log.segment.bytes": "no number"}).__enter__()


async def test_a_paused_node_answers_again_after_its_pause(cluster: LocalKafka) -> None:
    await create(cluster.bootstrap, "paused", 1)
    cluster.pause(1)
    writing = asyncio.gather(write(cluster.bootstrap, "paused", [b"late"]))
    await asyncio.sleep(0.5)
    assert not writing.done()
    cluster.resume(1)
    await writing
    assert await read(cluster.bootstrap, "paused", 1) == [b"late"]


SCRIPT = Path(__file__).parents[3] / "deploy" / "kafka" / "localkafka.py"
SHOW = """
import os, signal, sys, time
print(os.environ["LEAKSTREAM_BUS__KIND"], os.environ["LEAKSTREAM_BUS__KAFKA__BOOTSTRAP"], os.getppid(), flush=True)
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(8))
if len(sys.argv) > 1:
    time.sleep(60)
sys.exit(5)
"""


def command(*more: str) -> subprocess.Popen[str]:
    """As a terminal would start it: in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, SCRIPT, "--", sys.executable, "-P", "-c", SHOW, *more],
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )


def brokers_of(pid: int) -> list[int]:
    """The java processes that a process has started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = (task / "children").read_text().split()
        found += [int(child) for child in children if Path(f"/proc/{child}/comm").read_text() == "java\n"]
    return found


def gone(pid: int) -> bool:
    """Within a while; a zombie is gone."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X"):
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def test_a_command_gets_its_broker_and_its_status_is_ours() -> None:
    process = command()
    out, _ = process.communicate(timeout=90)
    shown, told = out.splitlines()
    assert shown.split()[0] == "kafka"
    assert told.split()[:2] == ["kafka", shown.split()[1]]
    assert process.returncode == 5


@pytest.mark.parametrize(
    ("whole_group", "number", "status"), [(True, signal.SIGINT, 7), (False, signal.SIGTERM, 8)]
)
def test_signals_end_the_command_first_and_then_the_broker(
    whole_group: bool, number: signal.Signals, status: int
) -> None:
    process = command("wait")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    [broker] = brokers_of(process.pid)
    time.sleep(0.3)  # until the command has its handlers
    if whole_group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    assert process.wait(60) == status
    process.stdout.close()
    assert gone(broker)


def test_brokers_die_with_what_started_them() -> None:
    process = command("wait")
    assert process.stdout is not None
    process.stdout.readline()
    told = process.stdout.readline()
    [broker] = brokers_of(process.pid)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert told
    assert gone(broker)


def test_a_command_that_is_not_there_is_an_error() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "leakstream"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage" in done.stderr
