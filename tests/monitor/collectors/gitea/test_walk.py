from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from collecting import START, Bench
from monitor.collectors.context import Context
from monitor.collectors.gitea.activity import Rank, Target, digest
from monitor.collectors.gitea.commits import Commit
from monitor.collectors.gitea.walk import Walker
from monitor.collectors.upstream import Refused, Unavailable


def sha(number: int) -> str:
    return f"{number:040x}"


@dataclass
class FakeGitea:
    """A linear history of `count` commits, the highest number newest; pages of three."""

    count: int
    refused: dict[str, Refused] = field(default_factory=dict)
    merges: dict[int, int] = field(default_factory=dict)
    forge: str = "codeberg.org"
    diffs: list[str] = field(default_factory=list)
    lists: int = 0

    async def commits(
        self, _: Context, name: str, head: str, page: int
    ) -> tuple[Sequence[Any], bool, int | None]:
        self.lists += 1
        newest = int(head, 16) if head else self.count
        numbers = list(range(newest, 0, -1))
        shown = [
            {
                "sha": sha(n),
                "commit": {"message": f"message {n}"},
                "parents": [{"sha": sha(p)} for p in (n - 1, self.merges.get(n, 0)) if p],
            }
            for n in numbers[page * 3 - 3 : page * 3]
        ]
        return shown, page * 3 < len(numbers), len(numbers)

    async def diff(self, _: Context, name: str, commit: str) -> bytes:
        self.diffs.append(commit)
        if commit in self.refused:
            raise self.refused[commit]
        return b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+%s\n" % commit.encode()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as bench:
        yield bench


def context(bench: Bench) -> Context:
    return Context(
        "gitea",
        stop=asyncio.Event(),
        state=bench.state,
        producer=bench.producer,
        metrics=bench.metrics,
        clock=bench.time,
        sleep=bench.time.sleep,
    )


def target(number: int = 1, name: str = "o/n", **more: Any) -> Target:
    return Target(digest("state", name, str(number)), "", name, START, **more)


async def look(
    bench: Bench, gitea: FakeGitea, aim: Target, limit: int = 5, watched: int = 50, until: float = START + 60
) -> str | None:
    walker = Walker(gitea, limit=limit, watched_limit=watched)  # type: ignore[arg-type]
    return await walker.look(context(bench), aim, until)


def dropped(bench: Bench, reason: str) -> float:
    return bench.metric("leakstream_dropped_total", stage="collect", reason=reason)


async def test_the_first_look_reads_the_newest_and_does_not_count_what_was_there_before(bench: Bench) -> None:
    gitea = FakeGitea(20)
    assert await look(bench, gitea, target()) == ""
    assert gitea.diffs == [sha(n) for n in (20, 19, 18, 17, 16)]
    assert dropped(bench, "commit_over_limit") == 0
    assert len(bench.producer.documents) == 10


async def test_of_a_new_repository_everything_beyond_the_limit_is_counted(bench: Bench) -> None:
    assert await look(bench, FakeGitea(20), target(fresh=True)) == ""
    assert dropped(bench, "commit_over_limit") == 15


async def test_later_looks_read_what_is_above_the_known_head(bench: Bench) -> None:
    await look(bench, FakeGitea(4), target(1))
    gitea = FakeGitea(7)
    assert await look(bench, gitea, target(2)) == ""
    assert gitea.diffs == [sha(7), sha(6), sha(5)]
    assert await look(bench, FakeGitea(7), target(3)) == "no_push"
    late = FakeGitea(19)
    assert await look(bench, late, target(4)) == ""
    assert late.diffs == [sha(n) for n in (19, 18, 17, 16, 15)]
    assert dropped(bench, "commit_over_limit") == 7


async def test_every_target_is_marked_as_dealt_with(bench: Bench) -> None:
    aim = target()
    await look(bench, FakeGitea(1), aim)
    assert ("gitea", aim.key) in bench.state.seen


async def test_a_commit_is_read_once_whatever_fork_it_is_pushed_to(bench: Bench) -> None:
    await look(bench, FakeGitea(3), target())
    fork = FakeGitea(3)
    assert await look(bench, fork, target(name="fork/n")) == "known_commits"
    assert fork.diffs == []
    own = FakeGitea(3)
    assert await look(bench, own, target(name="own/n", rank=Rank.WATCHED)) == ""
    assert len(own.diffs) == 3


async def test_a_feed_that_names_all_commits_costs_no_list(bench: Bench) -> None:
    gitea = FakeGitea(9)
    aim = target(
        rank=Rank.WATCHED, head=sha(9), count=2, commits=(Commit(sha(9), "m9"), Commit(sha(8), "m8")), ref="r"
    )
    assert await look(bench, gitea, aim) == ""
    assert (gitea.lists, gitea.diffs) == (0, [sha(9), sha(8)])
    assert {d.provenance.ref for d in bench.producer.documents} == {"r"}


@pytest.mark.parametrize("base", [sha(2), ""])
async def test_a_push_of_more_than_the_feed_names_is_listed_to_its_base(bench: Bench, base: str) -> None:
    gitea = FakeGitea(9)
    named = tuple(Commit(sha(n)) for n in (9, 8, 7, 6, 5))
    aim = target(rank=Rank.WATCHED, head=sha(9), base=base, count=7, commits=named)
    await look(bench, gitea, aim)
    assert gitea.diffs == [sha(n) for n in range(9, 2, -1)]


async def test_a_merge_gives_its_message_only(bench: Bench) -> None:
    gitea = FakeGitea(3, merges={3: 1})
    await look(bench, gitea, target())
    assert gitea.diffs == [sha(2), sha(1)]
    assert f"o/n@{sha(3)}#message" in {d.id for d in bench.producer.documents}


async def test_a_diff_that_is_refused_leaves_the_message_and_is_counted(bench: Bench) -> None:
    gitea = FakeGitea(2, refused={sha(1): Refused("refused", 404)})
    assert await look(bench, gitea, target()) == ""
    assert dropped(bench, "gone") == 1
    assert f"o/n@{sha(1)}#message" in {d.id for d in bench.producer.documents}


async def test_what_our_own_guard_said_is_tried_again_before_it_is_a_verdict(bench: Bench) -> None:
    gitea = FakeGitea(2, refused={sha(1): Refused("too_large")})
    aim = target()
    while not aim.last_try:
        with pytest.raises(Refused):
            await look(bench, gitea, aim)
        aim = aim.again(START, progress=False)
    assert aim.tries == 4
    assert aim.again(START, progress=True).tries == 0
    assert await look(bench, gitea, aim) == ""
    assert gitea.diffs.count(sha(2)) == 1  # what was handed over does not come again
    assert dropped(bench, "too_large") == 1


async def test_a_refused_credential_is_no_verdict(bench: Bench) -> None:
    gitea = FakeGitea(1, refused={sha(1): Refused("refused", 401)})
    with pytest.raises(Refused):
        await look(bench, gitea, target(tries=9))
    assert bench.producer.documents == []


async def test_a_push_to_a_branch_is_no_look_at_the_repository(bench: Bench) -> None:
    push = target(1, rank=Rank.WATCHED, head=sha(99), count=1, commits=(Commit(sha(99), "m"),))
    await look(bench, FakeGitea(20), push)
    gitea = FakeGitea(20)
    await look(bench, gitea, target(2))
    assert (len(gitea.diffs), gitea.lists) == (5, 2)
    assert dropped(bench, "commit_over_limit") == 0


async def test_a_long_look_makes_room_for_polls_and_goes_on_later(bench: Bench) -> None:
    aim = target(rank=Rank.WATCHED, fresh=True)
    gitea = FakeGitea(5)
    for _ in range(3):
        assert await look(bench, gitea, aim, watched=4, until=START) is None
        assert ("gitea", aim.key) not in bench.state.seen
    assert await look(bench, gitea, aim, watched=4, until=START) == ""
    assert gitea.diffs == [sha(n) for n in (5, 4, 3, 2)]
    assert dropped(bench, "commit_over_limit") == 1


async def test_a_list_of_something_else_is_no_verdict(bench: Bench) -> None:
    class Odd(FakeGitea):
        async def commits(self, *_: Any) -> tuple[Sequence[Any], bool, int | None]:
            return [[[]], {"sha": "no"}], False, None

    aim = target()
    with pytest.raises(Unavailable):
        await look(bench, Odd(1), aim)
    assert ("gitea", aim.key) not in bench.state.seen
