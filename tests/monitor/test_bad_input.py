"""The issue's bad input, end to end: bad documents are scanned within their budget or dropped and counted, what follows is found."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from leaks import leak, line
from made_up import made_up
from monitor.app import Stage, load_config
from monitor.bus.base import Message
from monitor.bus.embedded import EmbeddedBus
from monitor.contracts import DOCUMENTS, with_dead_letters
from monitor.simulator.server import Simulator, SimulatorConfig
from whole_service import Running, configure, running

DIRECTORY = """
[watch]
sources = ["directory", "ingest", "pastebin", "github_gists"]
[sources.directory]
paths = ["{folder}"]
poll_seconds = 0.2
"""
TOKEN = "a-token-of-the-bad-input-tests"
INGEST = f"""
[[sources.ingest.tokens]]
name = "partner"
token = "{TOKEN}"
"""
MIB = 1024**2


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    simulator = Simulator(SimulatorConfig(seed=1), maker=made_up)
    await simulator.start()
    yield simulator
    await simulator.stop()


async def post(run: Running, body: bytes, media_type: str = "text/plain") -> int:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": media_type}
    url = f"{run.addresses.web}/ingest/v1/documents"
    async with aiohttp.request("POST", url, data=body, headers=headers) as answer:
        return answer.status


def odd_files(folder: Path) -> int:
    """Makes them; how many leaks stand in them."""
    odd = {
        "undecodable": b"\xff\xfe\xfa\x80" * 50 + line(1) + b"\xc3\x28",
        "empty": b"",
        "binary": os.urandom(MIB) + b"\0" + line(2) + os.urandom(MIB),
        "nested.json": b"[" * 500_000 + b'"' + leak(3) + b'"' + b"]" * 500_000,
        "no newline": b"x" * (5 * MIB) + b" " + leak(4) + b" " + b"y" * (5 * MIB),
        "controls": b"\x1b]0;owned\x07\r\x08" + line(5),
    }
    for name, content in odd.items():
        (folder / name).write_bytes(content)
    with (folder / "100 MB").open("wb") as file:
        for _ in range(100):
            file.write(b"0123456789abcde\n" * (MIB // 16))
        file.write(line(6))
    os.mkfifo(folder / "a pipe")
    (folder / "loop").symlink_to(folder)
    (folder / os.fsdecode(b"a name \xff\n")).write_bytes(line(7))
    return 7


async def test_odd_documents_are_read_within_budget_and_what_follows_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    count = odd_files(folder)
    async with running(configure(tmp_path, DIRECTORY.format(folder=folder) + INGEST)) as run:
        await run.exposures(count)
        (folder / "after").write_bytes(line(100))
        await run.exposures(count + 1)
        refused = [await post(run, b""), await post(run, b"{", "application/x-ndjson")]
        deep = b'{"content": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
        refused += [await post(run, deep, "application/x-ndjson")]
        assert refused == [422, 422, 422]
        assert (
            await post(run, json.dumps({"content": line(101).decode()}).encode(), "application/x-ndjson")
            == 202
        )
        assert await post(run, b"\xff\0" + line(102)) == 202
        await run.exposures(count + 3)
        assert run.metric("scan_worker_restarts_total", reason="timeout") == 0
        assert not run.metric("dead_letters_total", stage="match", reason="worker_timeout")


async def test_records_that_break_the_contract_are_dead_letters_and_counted(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    config = configure(tmp_path, DIRECTORY.format(folder=folder))
    state = load_config(config, {}).state
    state.mkdir(mode=0o700)
    bus = EmbeddedBus(state / "bus")
    await bus.start()
    await bus.ensure_topics(with_dead_letters())
    headers = [{}, {"v": b"one", "m": b"{}"}, {"v": b"1.0", "m": b"{"}, {"v": b"1.0", "m": b'{"source": 1}'}]
    await bus.producer().send([Message(DOCUMENTS, bytes([n]), b"x", each) for n, each in enumerate(headers)])
    await bus.close()
    (folder / "after").write_bytes(line(1))
    async with running(config) as run:
        await run.exposures(1)
        counted = {
            reason: run.metric("dead_letters_total", stage="match", reason=reason)
            for reason in ("no_version", "bad_version", "not_json", "malformed")
        }
        assert counted == {"no_version": 1, "bad_version": 1, "not_json": 1, "malformed": 1}


@pytest.mark.parametrize(
    ("kind", "times"),
    [("status", 1), ("rubbish", 1), ("hang", 2), ("close", 2)],  # aiohttp repeats one by itself
)
async def test_a_source_that_answers_wrongly_is_counted_and_asked_again(
    tmp_path: Path, simulator: Simulator, kind: str, times: int
) -> None:
    simulator.faults.add(kind, "github.gists", times=times, seconds=0.2)
    simulator.world.gist({"a.env": line(1)}, simulator.clock(), owner=simulator.world.people[0])
    settings = f"""
[watch]
sources = ["github_gists"]
[sources.github_gists]
base_url = "{simulator.github_url}"
token = "none"
poll_seconds = 1
"""
    async with running(configure(tmp_path, settings)) as run:
        await run.exposures(1)
        samples = [
            sample
            for family in run.service.metrics.registry.collect()
            if family.name == "leakstream_source_requests"
            for sample in family.samples
            if sample.name.endswith("_total") and sample.value
        ]
        assert {sample.labels["outcome"] for sample in samples} - {"ok", "not_modified"}


async def test_a_notifier_that_was_away_gets_everything_and_nothing_twice(
    tmp_path: Path, simulator: Simulator
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.txt").write_bytes(line(number))
    away = simulator.faults.add("status", "receiver.slack", status=503)
    settings = DIRECTORY.format(folder=folder) + f'[notifiers.slack]\nurl = "{simulator.hook_url("slack")}"\n'
    async with running(configure(tmp_path, settings)) as run:
        await run.exposures(12)
        await run.until(lambda: len(simulator.receiver.refused) >= 2)
        assert simulator.receiver.accepted == []
        assert run.metric("notifications_total", notifier="slack", outcome="server_error") >= 1
        simulator.faults.script.remove(away)
        await run.until(lambda: len(simulator.receiver.accepted) >= 12)
        bodies = [delivery.body for delivery in simulator.receiver.accepted]
        assert len(bodies) == len(set(bodies)) == 12


async def test_a_full_bus_is_back_pressure_and_passes(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number:02d}.txt").write_bytes(b"filler, line by line\n" * 50_000 + line(number))
    config = load_config(configure(tmp_path, DIRECTORY.format(folder=folder)), {})
    # less than the configuration allows, or the test would write for minutes
    config = replace(config, bus=config.bus.model_copy(update={"documents_gib": 24 / 1024}))
    async with running(config, stages=frozenset({Stage.COLLECT})) as collect:

        async def full() -> bool:
            ready = await collect.health("/readyz")
            return ready.status == 503 and "cannot hand over" in ready.text

        await collect.until(full)
        async with running(config, stages=frozenset({Stage.MATCH, Stage.ALERT})) as rest:
            await rest.exposures(40)

            async def ready() -> bool:
                return (await collect.health("/readyz")).status == 200

            await collect.until(ready)
