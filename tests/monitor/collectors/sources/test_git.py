from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from collecting import Bench, MemoryProducer, MemoryState
from gitrepos import GIT_DATE, Repo
from gitserver import GitServer
from monitor.aio import cancel, spawn
from monitor.bus.base import Message
from monitor.collectors.base import Stopping
from monitor.collectors.service import CollectorService
from monitor.collectors.sources.git import PLUGIN, GitSettings, GitSource
from monitor.contracts import COVERAGE, Document
from monitor.coverage.items import Outcome, item, place_of, unpack
from monitor.tools import Tools


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as bench:
        yield bench


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path / "served", tmp_path) as server:
        yield server


def source(bench: Bench, tmp_path: Path, *repositories: str, **settings: object) -> GitSource:
    tools = Tools(http=bench.http, metrics=bench.metrics, state=tmp_path / "state", clock=bench.time)
    return GitSource(GitSettings(repositories=repositories, **settings), tools)  # type: ignore[arg-type]


def contents(producer: MemoryProducer) -> list[bytes]:
    return sorted(document.content for document in producer.documents)


async def test_blobs_and_messages_come_once_with_their_commit(
    bench: Bench, repo: Repo, tmp_path: Path
) -> None:
    first = repo.commit("the message", a=b"1")
    repo.commit("second", a=b"2")
    repo.commit("back", a=b"1")

    await bench.run("git", source(bench, tmp_path, str(repo.path)), seconds=1000)

    assert contents(bench.producer) == [b"1", b"2", b"back\n", b"second\n", b"the message\n"]
    blob = next(d for d in bench.producer.documents if d.content == b"1")
    assert blob.id == f"{repo.path}:{repo.blob(b'1')}"
    assert blob.blob_sha == repo.blob(b"1")
    assert blob.published_at == GIT_DATE + 1.0
    where = blob.provenance
    assert (where.forge, where.repository, where.commit, where.path) == ("file", str(repo.path), first, "a")
    assert (where.author, where.author_email) == ("Ada Example", "ada@example.test")
    message = next(d for d in bench.producer.documents if d.content == b"the message\n")
    assert (message.blob_sha, message.provenance.path) == (first, "")


def places(producer: MemoryProducer) -> list[tuple[bytes, str, str]]:
    """(content, path, commit) of every document that has a path."""
    return [
        (d.content, d.provenance.path, d.provenance.commit) for d in producer.documents if d.provenance.path
    ]


async def test_a_known_blob_at_a_further_path_comes_again_with_that_path(
    bench: Bench, repo: Repo, tmp_path: Path
) -> None:
    put = repo.commit(a=b"1")
    repo.git("mv", "a", "b")
    moved = repo.commit("move")
    await bench.run("git", source(bench, tmp_path, str(repo.path)), seconds=1)
    assert places(bench.producer) == [(b"1", "a", put), (b"", "b", moved)]
    assert [d.known for d in bench.producer.documents if d.blob_sha == repo.blob(b"1")] == [False, True]
    assert len({d.id for d in bench.producer.documents if d.blob_sha == repo.blob(b"1")}) == 1

    repo.git("mv", "b", "c")
    again = repo.commit("move again")
    async with Bench(bench.state) as later:
        await later.run("git", source(later, tmp_path, str(repo.path)), seconds=1)
    assert places(later.producer) == [(b"", "c", again)]


async def test_a_pass_that_is_repeated_tells_nothing_again(bench: Bench, repo: Repo, tmp_path: Path) -> None:
    repo.commit(a=b"1", b=b"1")
    repo.git("mv", "a", "c")
    repo.commit("move")
    await bench.run("git", source(bench, tmp_path, str(repo.path)), seconds=1)
    bench.state.cursors.clear()  # as if it was killed before the refs were saved

    async with Bench(bench.state) as again:
        await again.run("git", source(again, tmp_path, str(repo.path)), seconds=1)
    assert {m.topic for m in again.producer.messages} == {COVERAGE}
    assert len(places(bench.producer)) == 3


async def test_the_paths_of_one_blob_are_limited_and_the_rest_counted(
    bench: Bench, repo: Repo, tmp_path: Path
) -> None:
    for number in range(130):
        repo.write(f"f{number}", b"same")
    repo.commit("many")

    await bench.run("git", source(bench, tmp_path, str(repo.path)), seconds=1)

    assert len(places(bench.producer)) == 100
    assert bench.producer.skipped() == {"further_path": 30}


async def test_a_second_look_reads_what_is_new_and_a_restart_nothing(
    bench: Bench, repo: Repo, tmp_path: Path
) -> None:
    repo.commit("one", a=b"1")
    await bench.run("git", source(bench, tmp_path, str(repo.path)), seconds=1)
    repo.commit("two", a=b"2")

    async with Bench(state=bench.state) as again:
        await again.run("git", source(again, tmp_path, str(repo.path)), seconds=1)
        assert contents(again.producer) == [b"2", b"two\n"]
    async with Bench(state=bench.state) as third:
        await third.run("git", source(third, tmp_path, str(repo.path)), seconds=1)
        assert third.producer.messages == []


class Dying(MemoryProducer):
    """Takes so many calls, then the service is told to stop in the middle of the work."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls = calls

    async def send(self, messages: list[Message]) -> None:  # type: ignore[override]
        if self.calls == 0:
            raise Stopping
        self.calls -= 1
        await super().send(messages)


async def test_whenever_it_is_killed_nothing_is_lost_and_ids_stay(repo: Repo, tmp_path: Path) -> None:
    for number in range(700):
        repo.write(f"f{number}", b"%d" % number)
    repo.commit("many")
    repo.commit("more", a=b"x", b=b"y", c=b"3")
    repo.git("mv", "f7", "g7")
    repo.commit("moved")

    async with Bench() as bench:
        await bench.run("git", source(bench, tmp_path, str(repo.path)), seconds=1)
        whole = {(d.id, d.content, d.provenance.path) for d in bench.producer.documents}
    assert len(whole) == 707

    state, got = MemoryState(), list[Document]()
    for calls in (0, 1, 1, 2, 0, 100):
        async with Bench(state, Dying(calls)) as bench:
            await bench.run("git", source(bench, tmp_path, str(repo.path)), seconds=1)
            got += bench.producer.documents
    # some may come twice, with the same id at the same place
    assert {(d.id, d.content, d.provenance.path) for d in got} == whole


class Telling(MemoryState):
    """Says when the first cursor is saved."""

    def __init__(self) -> None:
        super().__init__()
        self.saved = asyncio.Event()

    async def save_cursor(self, source: str, value: str, name: str = "") -> None:
        await super().save_cursor(source, value, name)
        self.saved.set()


async def test_a_broken_repository_is_told_and_the_others_go_on(repo: Repo, tmp_path: Path) -> None:
    repo.commit("fine", a=b"1")
    state = Telling()

    async def sleep(stop: asyncio.Event, _seconds: float) -> bool:
        await state.saved.wait()
        stop.set()
        return True

    async with Bench(state) as bench:
        reading = source(bench, tmp_path, str(tmp_path / "gone"), str(repo.path))
        service = CollectorService(
            {"git": reading}, bench.producer, state, bench.metrics, clock=bench.time, sleep=sleep
        )
        await service.run(asyncio.Event())

        assert contents(bench.producer) == [b"1", b"fine\n"]
        assert service.troubled == {"git": "not_a_repository"}
        assert bench.metric("leakstream_source_requests_total", source="git", outcome="not_a_repository") == 1
        assert bench.metric("leakstream_source_requests_total", source="git", outcome="ok") == 1


async def test_a_repository_that_comes_back_is_read(bench: Bench, repo: Repo, tmp_path: Path) -> None:
    repo.commit("fine", a=b"1")
    away = repo.path.rename(tmp_path / "away")
    reading = source(bench, tmp_path, str(repo.path))
    assert (await bench.run("git", reading, seconds=1)).troubled
    away.rename(repo.path)

    assert not (await bench.run("git", reading, seconds=1)).troubled
    assert contents(bench.producer) == [b"1", b"fine\n"]


async def test_a_remote_is_mirrored_and_named_by_its_host(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "served" / "o" / "n")
    commit = repo.commit("far", a=b"1")
    url = server.url("o/n")

    reading = source(bench, tmp_path, url, allow_private=(f"127.0.0.1:{server.port}",), ca_file=server.pem)
    await bench.run("git", reading, seconds=1)

    blob = next(d for d in bench.producer.documents if d.content == b"1")
    assert blob.id == f"{url}:{repo.blob(b'1')}"
    where = blob.provenance
    assert (where.forge, where.repository, where.owner) == ("127.0.0.1", "o/n", "o")
    assert (where.url, where.commit) == (url, commit)
    assert (tmp_path / "state" / "git").stat().st_mode & 0o777 == 0o700


async def test_what_is_no_longer_configured_is_removed_at_the_start(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    for name in ("o/gone", "o/kept"):
        Repo(tmp_path / "served" / name).commit(a=b"1")
    gone, kept = server.url("o/gone"), server.url("o/kept")
    local = Repo(tmp_path / "local")
    local.commit(a=b"1")
    access = {"allow_private": (f"127.0.0.1:{server.port}",), "ca_file": server.pem}
    mirrors = tmp_path / "state" / "git"

    await bench.run("git", source(bench, tmp_path, gone, kept, str(local.path), **access), seconds=1)
    assert len(list(mirrors.glob("*.git"))) == 3
    await bench.run("git", source(bench, tmp_path, kept, **access), seconds=1)

    left = [entry.name for entry in mirrors.iterdir()]
    assert len(left) == 2
    assert len({Path(name).stem for name in left}) == 1
    assert (local.path / ".git" / "objects").exists()


async def test_a_private_host_is_refused_unless_named(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    reading = source(bench, tmp_path, server.url("o/n"), ca_file=server.pem)

    assert (await bench.run("git", reading, seconds=1)).troubled == {"git": "refused_host"}
    assert server.requests == []


async def test_large_blobs_come_in_parts_and_what_is_beyond_the_limit_is_counted(
    bench: Bench, repo: Repo, tmp_path: Path
) -> None:
    content = b"0123456789abcde\n" * (9 * 1024 * 64)
    repo.commit("big", a=content, b=b"small")

    await bench.run("git", source(bench, tmp_path, str(repo.path), blob_mib=8), seconds=1)

    assert sorted(len(text) for text in contents(bench.producer)) == [4, 5, 8 * 1024**2]
    assert bench.producer.skipped() == {"blob_cut": 1}


async def test_stopping_in_the_middle_of_a_fetch_ends_it(
    bench: Bench, server: GitServer, tmp_path: Path
) -> None:
    server.silent.set()
    reading = source(bench, tmp_path, server.url("o/n"), allow_private=("127.0.0.1",), ca_file=server.pem)
    task = spawn(bench.run("git", reading, seconds=1), name="service")
    await asyncio.to_thread(server.asked.wait, 20)

    await cancel(task)

    assert server.asked.is_set()
    assert bench.producer.messages == []


@pytest.mark.parametrize(
    "repository", ["", "-x", "ext::sh -c x", "http://git.example/x", "https://u:p@git.example/x"]
)
def test_settings_refuse_what_cannot_be_read_safely(repository: str) -> None:
    with pytest.raises(ValidationError) as caught:
        GitSettings(repositories=(repository,))
    assert "repository 0" in str(caught.value.errors(include_input=False))


async def test_without_repositories_it_only_answers_requests(bench: Bench, tmp_path: Path) -> None:
    assert PLUGIN.settings is GitSettings
    assert not (await bench.run("git", source(bench, tmp_path), seconds=100)).troubled
    assert bench.producer.messages == []


async def test_the_ledger_can_say_which_commits_were_seen(bench: Bench, repo: Repo, tmp_path: Path) -> None:
    repo.commit("one", a=b"1")
    repo.commit("two", a=b"2")
    await bench.run("git", source(bench, tmp_path, str(repo.path)), seconds=1)
    noted = [i for event in bench.producer.coverage for i in unpack(event.items)]
    place = place_of("file", str(repo.path))
    assert noted == [item("file", str(repo.path), GIT_DATE + n, Outcome.FETCHED) for n in (1, 2)]
    assert {i.place for i in noted} == {place}
