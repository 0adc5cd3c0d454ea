from __future__ import annotations

import pytest

from gitlab_answers import Answers, asking
from monitor.collectors.gitlab.queue import Queue, Visit
from monitor.collectors.gitlab.requests import Requests
from monitor.contracts import Request

PROJECT = "/projects/group%2Fname"


def sweep(target: str) -> Request:
    return Request("sweep", "gitlab", target, 1.0)


@pytest.mark.parametrize(
    "target",
    [
        "group/name",
        "gitlab.com/group/name",
        "https://gitlab.com/group/name",
        "https://gitlab.com/group/name.git",
    ],
)
async def test_a_project_is_queued_whole_and_the_request_finished_when_the_queue_is_saved(
    target: str,
) -> None:
    async with asking(Answers({PROJECT: {"id": 7}})) as ask:
        await ask.bench.state.add_requests([sweep(target)])
        queue = Queue(10)
        requests = Requests(ask.gitlab, queue)
        await requests.take(ask.context)
        await requests.take(ask.context)
        (visit,) = queue
        assert visit == Visit(7, "group/name", own=True, whole=True)
        await requests.finish(ask.context)
        assert len(await ask.context.requested()) == 1
        assert isinstance(visit, Visit)
        requests.visited(visit)
        assert len(await ask.context.requested()) == 1
        await requests.take(ask.context)
        await requests.finish(ask.context)
        assert await ask.context.requested() == []


async def test_several_requests_for_one_project_are_answered_by_one_visit() -> None:
    answers = Answers({PROJECT: {"id": 7}})
    async with asking(answers) as ask:
        asked = [sweep("group/name"), Request("repair", "gitlab", "gitlab.com/group/name", 2.0)]
        await ask.bench.state.add_requests(asked)
        queue = Queue(10)
        requests = Requests(ask.gitlab, queue)
        await requests.take(ask.context)
        assert len(queue) == 1
        requests.visited(Visit(7, "group/name", own=True, whole=True))
        await requests.finish(ask.context)
        assert await ask.context.requested() == []


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("2026-11-22T10", 404),
        ("github.com", 404),
        ("../../etc/passwd", 404),
        ("group/name", 404),
        ("group/name", 403),
        ("group/name", {"id": None}),
    ],
)
async def test_what_cannot_be_done_is_finished_and_counted(target: str, answer: object) -> None:
    async with asking(Answers({PROJECT: answer})) as ask:
        await ask.bench.state.add_requests([sweep(target)])
        await Requests(ask.gitlab, Queue(10)).take(ask.context)
        assert await ask.context.requested() == []
        assert ask.dropped("request_impossible") == 1


@pytest.mark.parametrize("answer", [502, 401, 429, b"<html>"])
async def test_in_trouble_a_request_is_kept(answer: object) -> None:
    answers = Answers({PROJECT: answer})
    async with asking(answers) as ask:
        await ask.bench.state.add_requests([sweep("group/name"), sweep("group/other")])
        await Requests(ask.gitlab, Queue(10)).take(ask.context)
        assert len(await ask.context.requested()) == 2
        assert {path for path, _ in answers.asked} == {PROJECT}
