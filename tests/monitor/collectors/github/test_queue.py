from __future__ import annotations

from dataclasses import replace

import pytest

from forge import sha
from monitor.collectors.github.push import Push
from monitor.collectors.github.queue import PushQueue, Rank, rank
from monitor.watching import Watching

WATCH = Watching(organisations=("acme",))
PUSH = Push("octo/demo", "refs/heads/main", sha("base"), sha("head"), "jane", 1.0)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"repository": "Acme/web", "actor": "renovate[bot]"}, Rank.WATCHED),
        ({"actor": "dependabot[bot]"}, Rank.MACHINE),
        ({"ref": "refs/heads/renovate/all"}, Rank.MACHINE),
        ({"actor": "Octo"}, Rank.LIKELY),
        ({"before": ""}, Rank.LIKELY),
        ({"repository": "octo/dotfiles"}, Rank.LIKELY),
        ({}, Rank.ORDINARY),
    ],
)
def test_what_a_push_is_worth(changed: dict[str, str], expected: Rank) -> None:
    assert rank(replace(PUSH, **changed), "github.com", WATCH) is expected  # type: ignore[arg-type]


def key(number: int) -> bytes:
    return bytes([number]) * 16


def queue(limit: int = 100) -> PushQueue:
    return PushQueue("github.com", WATCH, limit)


def test_ours_first_and_within_a_rank_the_newest() -> None:
    waiting = queue()
    waiting.add(key(1), PUSH)
    waiting.add(key(2), PUSH)
    waiting.add(key(3), replace(PUSH, actor="x[bot]"))
    waiting.add(key(4), replace(PUSH, repository="acme/web"))
    waiting.add(key(5), PUSH, again=True)
    assert [waiting.pop()[0] for _ in range(5)] == [key(n) for n in (4, 2, 1, 5, 3)]
    assert waiting.first() is None
    with pytest.raises(KeyError):
        waiting.pop()


def test_what_is_beyond_the_limit_is_the_least_worth_and_oldest_and_never_ours() -> None:
    waiting = queue(limit=2)
    for number in (1, 2, 3):
        waiting.add(key(number), replace(PUSH, repository="acme/web"))
    waiting.add(key(4), PUSH)
    waiting.add(key(5), PUSH)
    waiting.add(key(6), replace(PUSH, actor="x[bot]"))
    assert [k for k, _ in waiting.trim()] == [key(6), key(4), key(5)]
    assert len(waiting) == 3
    assert dict(waiting.sizes())[Rank.WATCHED] == 3


def test_it_comes_back_after_a_restart_without_what_cannot_be_read() -> None:
    waiting = queue()
    waiting.add(key(1), PUSH)
    waiting.add(key(2), replace(PUSH, repository="acme/web"))
    again = queue()
    again.restore([*waiting.plain(), ["rubbish"], [key(9).hex(), ["no push"]]])
    assert set(again.keys()) == {key(1), key(2)}
    again.forget({key(2), key(8)})
    assert again.keys() == [key(1)]
    assert key(1) in again
    assert key(2) not in again
