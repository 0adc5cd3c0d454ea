from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gitlab_answers import OTHER, SHA
from monitor.collectors.gitlab.commits import Commit, Place
from monitor.collectors.gitlab.queue import Diff, Queue, Read, Task, Visit, diff_name
from monitor.collectors.gitlab.snippets import Snippet


def visit(project: int, at: float = 100.0, **more: Any) -> Visit:
    return Visit(project, f"g/p{project}", **{"keys": (b"%d" % project,), "active_at": at, **more})


def diff(number: int, at: float = 100.0, **more: Any) -> Diff:
    return Diff(Place(number, f"g/p{number}", at), f"{number:02d}" * 20, **more)


def order(queue: Queue, now: float = 1e9) -> list[Task]:
    found = []
    while (task := queue.take(now)) is not None:
        queue.done(task)
        found.append(task)
    return found


def test_watched_first_then_messages_then_differences_newest_first() -> None:
    queue = Queue(100)
    tasks: list[Task] = [
        diff(1, 100.0),
        diff(2, 300.0),
        visit(3, 100.0),
        visit(4, 200.0),
        Read(Snippet(9, 150.0)),
        visit(5, 500.0, keys=()),  # looked into again: after everything
        visit(8, 120.0, keys=()),  # the same, when its hour is over
        diff(6, 50.0, own=True),
        visit(7, 10.0, own=True),
    ]
    for task in tasks:
        queue.add(task)
    wanted = [visit(7), diff(6, own=True), visit(4), Read(Snippet(9, 150.0)), visit(8), visit(3)]
    wanted += [diff(2), diff(1), visit(5)]
    assert [task.name for task in order(queue, now=120.0 + 3600)] == [task.name for task in wanted]


def test_watched_projects_and_their_commits_take_turns_and_no_project_waits_for_ever() -> None:
    queue = Queue(100)
    for number in (1, 2, 3):
        queue.add(visit(number, 100.0 * number, own=True))
        queue.add(diff(number, 100.0 * number, own=True))
    queue.add(visit(1, 500.0, own=True, keys=()))  # listed again while it waits: it keeps its place
    queue.add(visit(2, 900.0, own=True, keys=()))
    wanted = [
        "visit 1",
        diff(3, own=True).name,
        "visit 2",
        diff(2, own=True).name,
        "visit 3",
        diff(1, own=True).name,
    ]
    assert [task.name for task in order(queue)] == wanted


def test_what_is_not_due_waits() -> None:
    queue = Queue(100)
    queue.add(visit(1, due=50.0, own=True))
    queue.add(visit(2))
    assert [task.name for task in order(queue, now=49.0)] == ["visit 2"]
    assert [task.name for task in order(queue, now=50.0)] == ["visit 1"]


def test_two_visits_of_a_project_are_one_that_does_for_both() -> None:
    queue = Queue(100)
    queue.add(visit(1, 100.0, since=50.0, due=900.0))
    queue.add(Visit(1, "g/renamed", (b"b",), 200.0, 80.0, own=True))
    (task,) = order(queue)
    assert task == Visit(1, "g/renamed", (b"1", b"b"), 200.0, 50.0, own=True)
    queue.add(visit(2, since=50.0))
    queue.add(visit(2, since=None))
    assert [task.since for task in order(queue) if isinstance(task, Visit)] == [None]


def test_a_task_that_was_taken_still_waits_until_it_is_done() -> None:
    queue = Queue(100)
    queue.add(visit(1))
    queue.add(diff(2))
    taken = queue.take(1e9)
    assert taken is not None
    assert (len(queue), queue.listings(), queue.has("visit 1")) == (2, {b"1"}, True)
    again = Queue(100)
    again.restore(queue.save())
    assert len(again) == 2
    queue.again(taken)
    assert [task.name for task in order(queue)] == ["visit 1", diff(2).name]


def test_a_commit_is_read_once_for_strangers_and_once_for_each_watched_project() -> None:
    queue = Queue(100)
    for project in (1, 2):
        queue.add(Diff(Place(project, "g/p"), SHA))
        queue.add(Diff(Place(project, "g/p"), SHA, own=True))
    assert len(queue) == 3
    assert queue.has(diff_name(SHA))
    assert queue.has(diff_name(SHA, 2))
    assert not queue.has(diff_name(SHA, 3))
    assert not queue.has(diff_name(OTHER))


def test_after_another_process_had_it_only_what_is_saved_waits() -> None:
    queue = Queue(100)
    queue.add(visit(1))
    saved = queue.save()
    queue.add(diff(2))
    queue.add(diff(3))
    assert queue.take(1e9) is not None
    queue.restore(saved)
    assert [task.name for task in queue] == ["visit 1"]
    queue.restore(None)
    assert len(queue) == 0


def test_what_is_too_much_falls_off_the_end_of_each_lane() -> None:
    queue = Queue(2)
    for number in range(1, 5):
        queue.add(visit(number, float(number)))
        queue.add(diff(number, float(number)))
        queue.add(diff(number, float(number), own=True))
    over = {task.name for task in queue.trim()}
    assert over == {"visit 1", "visit 2", diff(1).name, diff(2).name}
    assert len(queue) == 8
    queue.remove(diff(3))
    assert not queue.has(diff(3).name)


def test_it_survives_a_restart_without_authors_and_snippets() -> None:
    queue = Queue(100)
    tasks: list[Task] = [
        visit(1, since=None, due=7.0, tries=2),
        visit(2, own=True, whole=True, keys=(b"\x00\xff", b"b"), since=5.0),
        diff(3, tries=1, commit=Commit("03" * 20, author="A", email="a@example.com", message="m")),
        diff(4, own=True),
    ]
    for task in tasks:
        queue.add(task)
    queue.add(Read(Snippet(5, 1.0, owner="someone", title="secret title")))
    saved = queue.save()
    for private in ("a@example.com", "someone", "secret title"):
        assert private not in saved
    again = Queue(100)
    again.restore(saved)
    assert {task.name: task for task in again} == {task.name: task for task in tasks}
    assert queue.snippets() == {5: Snippet(5, 1.0, owner="someone", title="secret title")}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats()
    | st.sampled_from(["diff", "visit", SHA, "g/p", "00"]),
    lambda inner: st.lists(inner, max_size=8),
    max_leaves=20,
)


@given(JSON)
def test_whatever_was_saved_nothing_is_raised(plain: Any) -> None:
    Queue(1).restore(orjson.dumps(plain).decode())


@given(st.sampled_from(["../x", "a", "a/b c", ""]), st.sampled_from([SHA, "x", ""]))
def test_no_saved_name_comes_into_a_url_unchecked(path: str, sha: str) -> None:
    queue = Queue(10)
    plain = [["diff", 1, path, sha, 1.0, False, 0], ["visit", 1, path, [], [1, None, 1], False, False, 0]]
    queue.restore(orjson.dumps(plain).decode())
    assert len(queue) == 0
