"""The source `git`: repositories that a forge lists, and those that somebody asks for once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from collecting import START, Bench, MemoryState, reply, serving
from gitrepos import Repo
from gitserver import GitServer
from monitor.aio import cancel, spawn
from monitor.collectors.sources.git import GitSettings, GitSource
from monitor.contracts import Request
from monitor.tools import Tools


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as bench:
        yield bench


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "served", tmp_path) as server:
        yield server


def source(bench: Bench, server: GitServer, tmp_path: Path, **settings: Any) -> GitSource:
    tools = Tools(http=bench.http, metrics=bench.metrics, state=tmp_path / "state", clock=bench.time)
    access = {"allow_private": (f"127.0.0.1:{server.port}",), "ca_file": server.pem}
    return GitSource(GitSettings(**{**access, **settings}), tools)


def contents(bench: Bench) -> list[bytes]:
    return sorted(document.content for document in bench.producer.documents)


def mirrors(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "state" / "git").glob("*.git"))


async def ask(state: MemoryState, target: str, kind: str = "sweep") -> None:
    await state.add_requests([Request(kind, "git", target, START)])


async def test_a_sweep_reads_the_whole_history_once_and_leaves_no_mirror(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "served" / "o" / "n")
    repo.commit("one", a=b"1")
    repo.commit("two", a=b"2")
    await ask(bench.state, server.url("o/n"))

    await bench.run("git", source(bench, server, tmp_path), seconds=1000)

    assert contents(bench) == [b"1", b"2", b"one\n", b"two\n"]
    assert await bench.state.requests("git") == []
    assert mirrors(tmp_path) == []
    fetched = [path for path, _ in server.requests if path.startswith("/o/n/info/refs")]
    assert len(fetched) == 1


async def test_a_request_that_comes_later_is_answered_too(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    Repo(tmp_path / "served" / "o" / "n").commit("one", a=b"1")
    reading = source(bench, server, tmp_path)
    await bench.run("git", reading, seconds=100)
    await ask(bench.state, server.url("o/n"))
    await bench.run("git", reading, seconds=100)
    assert contents(bench) == [b"1", b"one\n"]


@pytest.mark.parametrize(
    ("kind", "target", "reason"),
    [
        ("sweep", "/etc", "request_refused"),
        ("sweep", "https://u:p@git.example/o/n", "request_refused"),
        ("sweep", "ext::sh -c x", "request_refused"),
        ("recheck", "https://git.example/o/n", "request_refused"),
        ("sweep", "https://127.0.0.1:1/o/n", "sweep_refused"),  # a private address that nobody allowed
    ],
)
async def test_a_refused_target_is_finished_and_counted(
    bench: Bench, server: GitServer, tmp_path: Path, kind: str, target: str, reason: str
) -> None:
    await ask(bench.state, target, kind)
    service = await bench.run("git", source(bench, server, tmp_path), seconds=1000)
    assert await bench.state.requests("git") == []
    assert bench.metric("leakstream_dropped_total", stage="collect", reason=reason) == 1
    assert bench.producer.messages == []
    assert not service.troubled


async def test_what_does_not_answer_is_tried_three_times(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    await ask(bench.state, server.url("o/gone"))
    await bench.run("git", source(bench, server, tmp_path), seconds=10)
    assert len(await bench.state.requests("git")) == 1
    await bench.run("git", source(bench, server, tmp_path), seconds=20_000)
    assert await bench.state.requests("git") == []
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="sweep_failed") == 1
    assert mirrors(tmp_path) == []


async def test_a_repository_over_the_quota_is_refused(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "served" / "o" / "big")
    for number in range(40):
        repo.write(f"f{number}", repo.git("version").encode() + bytes(str(number), "ascii") * 9)
    repo.commit("big", blob=random.Random(1).randbytes(3 * 1024**2))
    await ask(bench.state, server.url("o/big"))
    await bench.run("git", source(bench, server, tmp_path, mirror_mib=1), seconds=1000)
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="sweep_refused") == 1
    assert mirrors(tmp_path) == []


async def test_a_sweep_of_what_is_followed_looks_at_once_and_keeps_the_mirror(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "served" / "o" / "n")
    repo.commit("one", a=b"1")
    url = server.url("o/n")
    reading = source(bench, server, tmp_path, repositories=(url,), poll_seconds=5000)
    begun = bench.time.now

    class Asking(MemoryState):
        async def requests(self, source: str) -> Any:
            if bench.time.now >= begun + 300 and not self.told:
                self.told = True
                repo.commit("two", a=b"2")
                await ask(self, f"{url}.git")
            return await super().requests(source)

        told = False

    bench.state = Asking()
    await bench.run("git", reading, seconds=400)
    assert contents(bench) == [b"1", b"2", b"one\n", b"two\n"]
    assert await bench.state.requests("git") == []
    assert len(mirrors(tmp_path)) == 1


async def test_a_request_that_comes_during_a_look_has_a_look_of_its_own(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "served" / "o" / "n")
    repo.commit("one", a=b"1")
    url = server.url("o/n")

    class Late(MemoryState):
        """Somebody commits and asks right when the first look has its refs."""

        async def cursor(self, source: str, name: str = "") -> str | None:
            if name == url and ("git", name) not in self.cursors and not self.asked:
                repo.commit("two", a=b"2")
                await ask(self, url)
                reading._asked_at = 0.0
                await asyncio.sleep(2)  # longer than the source waits before it looks up
            return await super().cursor(source, name)

    bench.state = Late()
    reading = source(bench, server, tmp_path, repositories=(url,), poll_seconds=5000)
    await bench.run("git", reading, seconds=10)
    assert contents(bench) == [b"1", b"2", b"one\n", b"two\n"]
    assert await bench.state.requests("git") == []


async def test_a_sweep_that_was_interrupted_goes_on_after_a_restart(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    Repo(tmp_path / "served" / "o" / "n").commit("one", a=b"1")
    await ask(bench.state, server.url("o/n"))
    bench.producer.refusals = 1
    await bench.run("git", source(bench, server, tmp_path), seconds=1)  # stopped while the bus was full
    assert contents(bench) == []
    assert len(await bench.state.requests("git")) == 1
    assert len(mirrors(tmp_path)) == 1
    async with Bench(bench.state) as later:
        await later.run("git", source(later, server, tmp_path), seconds=1000)
        assert contents(later) == [b"1", b"one\n"]
    assert await bench.state.requests("git") == []
    assert mirrors(tmp_path) == []


async def test_a_fetch_that_hangs_keeps_no_request_waiting(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    """One server says nothing; what is asked for meanwhile is read from another."""

    class Telling(MemoryState):
        finished = asyncio.Event()

        async def finish_request(self, request: Request) -> None:
            await super().finish_request(request)
            self.finished.set()

    bench.state = state = Telling()
    (tmp_path / "second").mkdir()
    with GitServer(tmp_path / "second" / "served", tmp_path / "second") as other:
        Repo(tmp_path / "second" / "served" / "o" / "n").commit("one", a=b"1")
        server.silent.set()
        bundle = tmp_path / "both.pem"
        bundle.write_bytes(server.pem.read_bytes() + other.pem.read_bytes())
        allowed = tuple(f"127.0.0.1:{port}" for port in (server.port, other.port))
        reading = source(
            bench,
            server,
            tmp_path,
            repositories=(server.url("o/n"),),
            allow_private=allowed,
            ca_file=bundle,
        )
        task = spawn(bench.run("git", reading, seconds=100), name="service")
        await asyncio.to_thread(server.asked.wait, 20)
        await ask(bench.state, other.url("o/n"))
        bench.time.now += 31
        async with asyncio.timeout(120):
            await state.finished.wait()
        assert contents(bench) == [b"1", b"one\n"]
        await cancel(task)


async def test_many_sweeps_do_not_starve_what_is_followed(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    local = Repo(tmp_path / "local")
    local.commit("mine", a=b"mine")
    for number in range(6):
        Repo(tmp_path / "served" / "o" / str(number)).commit(f"m{number}", a=b"%d" % number)
        await ask(bench.state, server.url(f"o/{number}"))
    reading = source(bench, server, tmp_path, repositories=(str(local.path),), concurrency=1)
    await bench.run("git", reading, seconds=100)
    order = [d.provenance.repository for d in bench.producer.documents if d.provenance.path]
    assert order.index(str(local.path)) <= 1
    assert len(order) == 7


async def test_what_the_forge_lists_is_followed_and_stays_when_it_vanishes(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    for name in ("o/a", "o/b"):
        Repo(tmp_path / "served" / name).commit(name, a=name.encode())
    listed = ["o/a"]

    async def forge(request: web.Request) -> web.StreamResponse:
        return reply([{"clone_url": f"{server.url(name)}.git", "fork": False} for name in listed])

    # the git server knows no `.git`
    for name in ("o/a", "o/b"):
        (tmp_path / "served" / f"{name}.git").symlink_to(tmp_path / "served" / name)
    async with serving(forge) as base:
        table = {"forge": "gitea", "base_url": base, "organisations": ("o",), "every_hours": 1}
        await bench.run("git", source(bench, server, tmp_path, discover=(table,)), seconds=100)
        assert {d.provenance.repository for d in bench.producer.documents} == {"o/a"}
        listed[:] = ["o/b"]
        service = await bench.run("git", source(bench, server, tmp_path, discover=(table,)), seconds=4000)
        assert {d.provenance.repository for d in bench.producer.documents} == {"o/a", "o/b"}
        assert len(mirrors(tmp_path)) == 2
        assert not service.troubled
        (tmp_path / "served" / "o" / "a.git").unlink()
        service = await bench.run("git", source(bench, server, tmp_path, discover=(table,)), seconds=1000)
        assert not service.troubled  # gone from the forge, and so it may be gone for good
        assert len(mirrors(tmp_path)) == 2


async def test_a_forge_that_does_not_answer_is_told_and_the_known_are_read(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    local = Repo(tmp_path / "local")
    local.commit("mine", a=b"mine")

    async def forge(request: web.Request) -> web.StreamResponse:
        return reply({"message": "no"}, 404)

    async with serving(forge) as base:
        table = {"forge": "gitea", "base_url": base, "organisations": ("o",)}
        reading = source(bench, server, tmp_path, repositories=(str(local.path),), discover=(table,))
        service = await bench.run("git", reading, seconds=100)
    assert service.troubled == {"git": "no_such_owner"}
    assert contents(bench) == [b"mine", b"mine\n"]
