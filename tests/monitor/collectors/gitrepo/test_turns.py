from __future__ import annotations

from collections import Counter

import pytest

from monitor.collectors.gitrepo.turns import Queue, Work, identity, sweepable
from monitor.contracts import Request


def request(target: str, at: float = 0.0) -> Request:
    return Request("sweep", "git", target, at)


def texts(queue: Queue, now: float) -> list[str]:
    """What starts now, until nothing more may."""
    started = []
    while work := queue.start(now):
        started.append(work.text)
    return started


def test_the_longest_due_goes_first_and_no_more_than_there_are_slots() -> None:
    queue = Queue(2)
    for name in "abc":
        queue.follow(f"/{name}")
    for work, due in zip(queue, (5.0, 3.0, 4.0), strict=True):
        work.due = due
    assert texts(queue, 2.0) == []
    assert queue.next_due() == 3.0
    assert texts(queue, 9.0) == ["/b", "/c"]
    assert queue.next_due() == 5.0


def test_sweeps_take_half_of_the_slots_at_most() -> None:
    queue = Queue(4)
    for number in range(9):
        queue.ask(request(f"https://git.example/o/{number}"), 0.0)
    assert len(texts(queue, 0.0)) == 2
    for name in "abc":
        queue.follow(f"/{name}")
    assert texts(queue, 0.0) == ["/a", "/b"]


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_neither_kind_starves_the_other(slots: int) -> None:
    queue, done = Queue(slots), Counter[bool]()
    for number in range(50):
        queue.follow(f"/{number}")
        queue.ask(request(f"https://git.example/o/{number}"), 0.0)
    running: list[Work] = []
    for _ in range(60):
        while work := queue.start(0.0):
            running.append(work)
        ended = running.pop(0)
        ended.running = False
        done[ended.once] += 1
        if ended.once:
            queue.drop(ended)
        # the followed one is due again at once: there is always more to do than can be done
    assert min(done[True], done[False]) >= 20


def test_a_request_for_what_is_followed_makes_its_next_look_immediate() -> None:
    queue = Queue(2)
    queue.follow("https://git.example/o/n.git")
    (work,) = queue
    work.due = 900.0
    queue.ask(request("https://git.example/o/n"), 10.0)
    assert (list(queue), work.due, work.once) == ([work], 10.0, False)
    assert work.requests == [request("https://git.example/o/n")]


def test_asking_twice_is_one_request() -> None:
    queue = Queue(2)
    queue.ask(request("https://git.example/o/n"), 0.0)
    (work,) = queue
    work.due = 500.0
    queue.ask(request("https://git.example/o/n"), 1.0)
    assert (len(work.requests), work.due) == (1, 500.0)


def test_what_is_asked_for_and_then_found_is_followed_with_its_request() -> None:
    queue = Queue(2)
    queue.ask(request("https://git.example/o/n"), 0.0)
    queue.follow("https://git.example/o/n", vanished=False)
    (work,) = queue
    assert (work.once, len(work.requests)) == (False, 1)


def test_what_the_settings_name_never_vanishes() -> None:
    queue = Queue(2)
    queue.follow("https://git.example/o/n")
    queue.follow("https://git.example/o/n.git", vanished=True)
    queue.follow("https://git.example/o/m", vanished=True)
    assert [work.vanished for work in queue] == [False, True]


def test_one_repository_has_one_identity() -> None:
    assert identity("https://git.example/o/n.git") == identity("https://git.example:443/o/n/")
    assert identity("https://git.example/o/n") != identity("ssh://git.example/o/n")
    assert identity("/srv/n") == "/srv/n"


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/etc",
        "file:///etc",
        "-x",
        "ext::sh -c x",
        "http://git.example/o/n",
        "ssh://git.example/o/n",
        "git@git.example:o/n",
        "https://u:p@git.example/o/n",
        "https://u@git.example/o/n",
        "https://git.example",
        "https://git.example/o/n\n",
    ],
)
def test_what_nobody_may_ask_for(target: str) -> None:
    assert not sweepable(request(target))
    assert sweepable(request("https://git.example/o/n.git"))
