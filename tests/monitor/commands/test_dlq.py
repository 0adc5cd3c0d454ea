"""`leakstream dlq`: dead letters from the terminal, beside a running service."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import uuid
from pathlib import Path

import pytest
from sqlalchemy import select

from alerting_samples import open_store
from dead import broken, dead, document, everything, put
from leaks import leak
from monitor.app import Stage, load_config, topics
from monitor.bus.base import Message
from monitor.bus.embedded import EmbeddedBus
from monitor.bus.kafka import KafkaBus
from monitor.commands.errors import Failure
from monitor.config import ConfigError
from monitor.contracts import DOCUMENTS, FINDINGS
from monitor.store.tables import audit
from plaintext import Search, windows
from shell import COMMAND, call, run
from whole_service import configure, running

CONTENT = b"password = " + leak(1) + b"\n\x00\xff" * 100_000  # more than a pipe holds


async def _fill(folder: Path, config: Path, messages: list[Message]) -> None:
    bus = EmbeddedBus(folder / "state" / "bus")
    await bus.start()
    await bus.ensure_topics(topics(load_config(config, {})))
    await put(bus, messages)
    await bus.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Of a service with three dead letters."""
    path = configure(tmp_path, "")
    letters = [
        dead(document(1, content=CONTENT, name=f"acme/{leak(2).decode()}\x1b[31m"), 1, "worker_timeout"),
        dead(document(2), 2, "worker_crash"),
        dead(broken(FINDINGS), 3, "malformed"),
    ]

    async def make() -> None:
        await (await open_store(tmp_path / "state")).close()
        await _fill(tmp_path, path, letters)

    asyncio.run(make())
    return path


def say(config: Path, *arguments: str) -> str:
    done = call("dlq", *arguments, "--config", str(config))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def refused(config: Path, *arguments: str) -> Failure:
    done = call("dlq", *arguments, "--config", str(config))
    assert isinstance(done.exception, Failure)
    return done.exception


def listed(config: Path, *arguments: str) -> list[dict[str, object]]:
    return [json.loads(text) for text in say(config, "list", "--json", *arguments).splitlines()]


async def on_the_bus(config: Path, topic: str) -> list[bytes]:
    bus = EmbeddedBus(config.parent / "state" / "bus")
    await bus.start()
    found = [record.value for record in await everything(bus, topic)]
    await bus.close()
    return found


def test_list_counts_by_topic_and_reason_and_filters(config: Path) -> None:
    table = say(config, "list")
    counts, _, rest = table.partition("place")
    assert [line.split() for line in counts.splitlines() if line.split()[1:]][1:] == [
        ["documents.v1", "worker_crash", "1"],
        ["documents.v1", "worker_timeout", "1"],
        ["findings.v1", "malformed", "1"],
    ]
    assert "documents.v1/0/1" in rest
    assert "3 of 3" in rest
    assert "1 of 3" in say(config, "list", "--limit", "1")
    assert [each["place"] for each in listed(config, "--reason", "malformed")] == ["findings.v1/0/0"]
    assert len(listed(config, "--topic", DOCUMENTS)) == 2
    assert say(config, "list", "--reason", "none such") == "no dead letters\n"


def test_neither_content_nor_a_secret_in_an_id_is_shown(config: Path) -> None:
    place = next(str(each["place"]) for each in listed(config, "--reason", "worker_timeout"))
    texts = [
        say(config, *arguments)
        for arguments in (["list"], ["list", "--json"], ["show", place], ["show", place, "--json"])
    ]
    search = Search({"content": windows(leak(1)), "id": windows(leak(2))})
    assert list(search.places(("", text.encode()) for text in texts)) == []
    assert all("acme/*****" in text for text in texts)
    assert not any("\x1b" in text for text in texts)
    for text in texts[2:]:
        assert "worker_timeout" in text
        assert "dlq-offset" in text


def test_the_content_goes_into_a_pipe_and_never_to_a_terminal(config: Path) -> None:
    place = next(str(each["place"]) for each in listed(config, "--reason", "worker_timeout"))
    arguments = ["dlq", "show", place, "--content", "--config", str(config)]
    for unbuffered in ("", "1"):
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        assert run(*arguments, env=environment).stdout == CONTENT

    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*COMMAND, *arguments], stdout=theirs, stderr=subprocess.PIPE, timeout=180, check=False
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    with pytest.raises((BlockingIOError, OSError)):  # nothing was written to it
        os.read(ours, 1)
    os.close(ours)
    assert done.returncode == 2
    assert b"file or a pipe" in done.stderr

    async def looks() -> list[tuple[str, str]]:
        store = await open_store(config.parent / "state")
        async with store.read() as connection:
            rows = [
                (verb, actor.split(":")[0])
                for verb, actor in await connection.execute(select(audit.c.verb, audit.c.actor))
            ]
        await store.close()
        return rows

    assert asyncio.run(looks()) == [("dlq_listed", "cli"), *[("dlq_content", "cli")] * 2]


def test_retry_by_place_and_by_reason(config: Path) -> None:
    crashed = next(str(each["place"]) for each in listed(config, "--reason", "worker_crash"))
    assert say(config, "retry", crashed, "--yes").startswith("1 dead letter sent again.")
    assert asyncio.run(on_the_bus(config, DOCUMENTS)) == [b"document 2"]
    assert say(config, "retry", "--reason", "worker_crash", "--yes") == "nothing to send again\n"
    assert say(config, "retry", "--all", "--yes").startswith("2 dead letters sent again.")
    assert listed(config) == []
    assert {each["state"] for each in listed(config, "--all")} == {"retried"}


def test_drop_says_that_the_record_stays(config: Path) -> None:
    assert "stay on the bus until its retention" in say(config, "drop", "--topic", DOCUMENTS, "--yes")
    assert [each["topic"] for each in listed(config)] == [FINDINGS]
    assert len(asyncio.run(on_the_bus(config, "documents.v1.dlq"))) == 2
    assert asyncio.run(on_the_bus(config, DOCUMENTS)) == []


@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 0), (b"n\n", 3)])
def test_on_a_terminal_it_asks(config: Path, answer: bytes, left: int) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    done = subprocess.run(
        [*COMMAND, "dlq", "drop", "--all", "--config", str(config)],
        stdin=theirs,
        capture_output=True,
        timeout=180,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    assert b"drop 3 dead letters?" in done.stdout
    assert done.returncode == (0 if answer == b"y\n" else 1)
    assert len(listed(config)) == left


def test_wrong_calls(config: Path, tmp_path: Path) -> None:
    for arguments, status in (
        (["show", "documents.v1/0/99"], 1),
        (["show", "documents.v1"], 1),
        (["list", "--topic", "elsewhere.v1"], 2),
        (["retry"], 2),
        (["drop", "documents.v1/0/0", "--all"], 2),
        (["retry", "--all"], 2),  # nobody can be asked
    ):
        assert refused(config, *arguments).status == status
    assert len(listed(config)) == 3
    (tmp_path / "elsewhere").mkdir()
    elsewhere = call("dlq", "list", "--config", str(configure(tmp_path / "elsewhere", "")))
    assert isinstance(elsewhere.exception, ConfigError)


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    path = configure(tmp_path, "")

    async def make() -> None:
        await (await open_store(tmp_path / "state")).close()
        await _fill(tmp_path, path, [dead(document(1, content=bytes(4 * 1024**2)))])

    asyncio.run(make())
    command = [*COMMAND, "dlq", "show", "documents.v1/0/0", "--content", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) == b"\0"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=180) == 1


async def test_beside_a_running_matcher(tmp_path: Path) -> None:
    """What breaks its contract is buried; sent again, it is buried again, and says that it was sent again once."""
    path = configure(tmp_path, "")
    async with running(path, stages=frozenset({Stage.MATCH})) as service:
        await _fill(tmp_path, path, [broken()])

        async def buried(count: int) -> list[dict[str, object]]:
            found: list[dict[str, object]] = []

            async def enough() -> bool:
                # a process of its own: the service here writes its log to the output of this one
                done = await asyncio.to_thread(run, "dlq", "list", "--json", "--all", "--config", str(path))
                assert done.returncode == 0, done.stderr
                found[:] = [json.loads(line) for line in done.stdout.splitlines()]
                return len(found) == count

            await service.until(enough)
            return found

        (first,) = await buried(1)
        assert (first["reason"], first["retries"], first["state"]) == ("no_version", 0, "open")
        sent = await asyncio.to_thread(run, "dlq", "retry", "--all", "--yes", "--config", str(path))
        assert sent.stdout.startswith(b"1 dead letter sent again."), sent.stderr
        again, before = await buried(2)
        assert (again["reason"], again["retries"], again["state"]) == ("no_version", 1, "open")
        assert before["state"] == "retried"


def test_on_kafka(tmp_path: Path, kafka: str) -> None:
    prefix = f"dlq-{uuid.uuid4().hex[:12]}."
    text = f"""
[bus]
kind = "kafka"
prefix = "{prefix}"
[bus.kafka]
bootstrap = ["{kafka}"]
security = "plaintext"
replication = 1
min_insync = 1
"""
    path = configure(tmp_path, text)
    settings = load_config(path, {}).bus.kafka

    async def on_the_brokers(fill: bool) -> list[bytes]:
        bus = KafkaBus(settings, prefix=prefix)
        await bus.start()
        if fill:
            await (await open_store(tmp_path / "state")).close()
            await bus.ensure_topics(topics(load_config(path, {})))
            await put(bus, [dead(document(1), 1), dead(document(2), 2, "malformed")])
        found = [record.value for record in await everything(bus, DOCUMENTS)]
        await bus.close()
        return found

    assert asyncio.run(on_the_brokers(fill=True)) == []
    assert {each["place"] for each in listed(path)} == {"documents.v1/0/0", "documents.v1/0/1"}
    assert run("dlq", "show", "documents.v1/0/0", "--content", "-c", str(path)).stdout == b"document 1"
    assert say(path, "retry", "--reason", "worker_crash", "--yes").startswith("1 dead letter sent again.")
    say(path, "drop", "documents.v1/0/1", "--yes")
    assert asyncio.run(on_the_brokers(fill=False)) == [b"document 1"]
    assert [each["state"] for each in listed(path, "--all")] == ["dropped", "retried"]
