from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from collecting import START, reply
from gitlab_answers import Answers, Asking, asking
from monitor.collectors.gitlab.polls import Polls, snippet_key
from monitor.collectors.gitlab.queue import Queue, Read, Visit
from monitor.collectors.gitlab.settings import GitLabSettings
from monitor.collectors.gitlab.snippets import parse as parse_snippet
from monitor.collectors.shapes import iso
from monitor.contracts import CoverageEvent
from monitor.watching import Watching


class Forge(Answers):
    """Lists of projects as GitLab makes them, of what is put into `projects` (id -> last activity) and `snippets`."""

    def __init__(self) -> None:
        super().__init__()
        self.projects: dict[int, float] = {}
        self.created: dict[int, float] = {}
        self.snippets: list[tuple[int, float]] = []
        self.failing: set[str] = set()  # "new", "active 2" (a page), "snippets"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        kind = "snippets" if "snippets" in request.path else "new" if "pagination" in query else "active"
        number = int(query.get("page", "1"))
        self.asked.append((kind, dict(query)))
        if {kind, f"{kind} {number}"} & self.failing:
            return reply({"message": "trouble"}, status=500)
        if kind == "snippets":
            rows: list[Any] = [
                {"id": n, "created_at": iso(at), "author": {"username": "a"}}
                for n, at in reversed(self.snippets)
                if iso(at) >= query["created_after"]
            ]
        elif kind == "new":
            rows = [self.project(n) for n in sorted(self.projects) if n > int(query["id_after"])]
            more = {"Link": '<http://x/projects?id_after=1>; rel="next"'} if len(rows) > 100 else {}
            return reply(rows[:100], **more)
        elif query.get("order_by") == "id":
            return reply([self.project(max(self.projects))] if self.projects else [])
        else:
            rows = sorted(self.projects, key=lambda n: (self.projects[n], n), reverse=True)
            rows = [self.project(n) for n in rows if iso(self.projects[n]) >= query["last_activity_after"]]
        shown = rows[(number - 1) * 100 : number * 100]
        return reply(shown, X_Next_Page=str(number + 1) if len(rows) > number * 100 else "")

    def project(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "path_with_namespace": f"g/p{number}",
            "created_at": iso(self.created.get(number, START - 9e6)),
            "last_activity_at": iso(self.projects[number]),
        }


@dataclass
class Polling:
    ask: Asking
    queue: Queue
    polls: Polls

    async def poll(self, seconds: float = 0.0) -> list[CoverageEvent]:
        """Let that much time pass and poll what is due; what was told."""
        self.ask.bench.time.now += seconds
        before = len(self.ask.bench.producer.coverage)
        await self.polls.run(self.ask.context)
        return self.ask.bench.producer.coverage[before:]

    def done(self) -> list[int]:
        """Take all visits as the source does."""
        found = []
        while (task := self.queue.take(1e12)) is not None:
            self.queue.done(task)
            if isinstance(task, Visit):
                found.append(task.project)
                self.ask.bench.state.seen.update(("gitlab", key) for key in task.keys)
            elif isinstance(task, Read):
                self.ask.bench.state.seen.add(("gitlab", snippet_key(task.snippet)))
        return sorted(found)


@asynccontextmanager
async def polling(forge: Forge, *, watch: Watching | None = None, **settings: Any) -> AsyncIterator[Polling]:
    async with asking(forge) as ask:
        given = GitLabSettings.model_validate({"read": ["projects"], **settings})
        queue = Queue(1000)
        polls = Polls(given, ask.gitlab, watch or Watching(), queue, lambda: 1.0)
        await polls.restore(ask.context)
        yield Polling(ask, queue, polls)


def feed(events: list[CoverageEvent], name: str) -> list[CoverageEvent]:
    return [event for event in events if event.feed == name]


async def test_new_projects_are_read_from_the_id_where_the_first_start_stood() -> None:
    forge = Forge()
    forge.projects = dict.fromkeys((5, 9), START - 9000000.0)
    async with polling(forge) as p:
        await p.poll()
        assert len(p.queue) == 0
        forge.projects |= dict.fromkeys((11, 12), START - 9000000.0)
        (event,) = feed(await p.poll(60), "new")
        assert (event.listed, event.expected, event.lost, event.overlap) == (2, 2, 0, None)
        visits = [task for task in p.queue if isinstance(task, Visit)]
        assert {visit.project: visit.since for visit in visits} == {11: None, 12: None}
        assert p.ask.bench.state.cursors["gitlab", "last_id"] == "12"


async def test_a_keyset_loses_none_over_any_number_of_pages_and_a_restart() -> None:
    forge = Forge()
    forge.projects = {1: START - 9e6}
    async with polling(forge, pages=2) as p:
        await p.poll()
        forge.projects |= dict.fromkeys(range(2, 452), START - 9000000.0)
        await p.poll(60)
        assert p.done() == list(range(2, 202))
        # another process goes on where the cursor stands
        polls = Polls(
            GitLabSettings(read=("projects",), pages=2), p.ask.gitlab, Watching(), p.queue, lambda: 1.0
        )
        await polls.restore(p.ask.context)
        p.polls = polls
        await p.poll(60)
        await p.poll(60)
        assert p.done() == list(range(202, 452))


async def test_the_queue_is_saved_before_the_place_in_the_list() -> None:
    forge = Forge()
    forge.projects = {1: START - 100}
    async with polling(forge) as p:
        await p.poll()
        saved = list(p.ask.bench.state.cursors)
        assert saved.index(("gitlab", "queue")) < saved.index(("gitlab", "active"))
        again = Queue(10)
        again.restore(p.ask.bench.state.cursors["gitlab", "queue"])
        assert len(again) == 1


async def test_activity_is_asked_for_with_more_than_an_hour_of_overlap() -> None:
    forge = Forge()
    forge.projects = {1: START - 50}
    async with polling(forge) as p:
        await p.poll()
        assert p.done() == [1]
        forge.projects[1] = START + 30
        # written late: an activity of half an hour ago shows up only now
        forge.projects[2] = START - 1800
        (event,) = feed(await p.poll(60), "active")
        assert p.done() == [1, 2]
        assert (event.listed, event.overlap, event.lost, event.blind) == (2, 0, 0, "")
        asked = [
            query["last_activity_after"]
            for kind, query in forge.asked
            if kind == "active" and "page" in query
        ]
        assert asked == [iso(START - 3900), iso(START - 50 - 3900)]
        # the same state of a project is no new item
        (event,) = feed(await p.poll(60), "active")
        assert (event.listed, event.expected, event.overlap) == (2, 0, 2)
        assert p.done() == []


async def test_known_pages_end_a_poll_but_not_the_deep_one() -> None:
    forge = Forge()
    forge.projects = {n: START - n * 10 for n in range(1, 301)}
    async with polling(forge) as p:
        await p.poll()
        assert len(p.done()) == 300
        forge.asked.clear()
        for _ in range(9):
            await p.poll(60)
        pages = [query["page"] for kind, query in forge.asked if kind == "active"]
        assert pages == ["1"] * 9
        # below the known ones something turned up late
        forge.projects[999] = START - 2500
        await p.poll(60)
        assert p.done() == [999]


async def test_a_list_longer_than_is_read_and_all_new_is_a_gap() -> None:
    forge = Forge()
    forge.projects = {1: START - 10}
    async with polling(forge, pages=1) as p:
        await p.poll()
        p.done()
        forge.projects |= {n: START + 600 + n for n in range(100, 300)}
        events = feed(await p.poll(1000), "active")
        gap = next(event for event in events if event.blind)
        event = next(event for event in events if event.listed)
        assert (event.full, event.overlap) == (True, 0)
        assert event.lost > 0
        assert (gap.blind, gap.since) == ("gap", START - 10)


async def test_a_page_that_fails_is_listed_again() -> None:
    forge = Forge()
    forge.projects = {n: START - n for n in range(1, 151)}
    forge.failing = {"active 2"}
    async with polling(forge) as p:
        await p.poll()
        assert len(p.done()) == 100
        assert p.ask.dropped("page_failed") == 1
        forge.failing.clear()
        await p.poll(60)
        assert p.done() == list(range(101, 151))


async def test_a_list_that_fails_is_trouble_until_all_lists_work() -> None:
    forge = Forge()
    forge.failing = {"new"}
    async with polling(forge) as p:
        forge.projects = {1: START - 100}
        await p.poll()
        # the first start asks for the newest id on another page
        await p.poll(60)
        assert p.ask.context.trouble == "server_error"
        forge.failing.clear()
        await p.poll(600)
        assert p.ask.context.trouble == ""


async def test_a_refused_token_is_told_as_what_it_is() -> None:
    def unauthorized(_: web.Request) -> web.Response:
        return web.Response(status=401, text='{"message":"401 Unauthorized"}')

    class Closed(Forge):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            self.asked.append((request.path, {}))
            return unauthorized(request)

    forge = Closed()
    async with polling(forge, read=["projects", "snippets"]) as p:
        for _ in range(10):
            await p.poll(60)
        assert p.ask.context.trouble == "unauthorized"
        assert len(forge.asked) == 1


async def test_watched_projects_go_first_wherever_they_were_listed() -> None:
    forge = Forge()
    forge.projects = {1: START - 10, 2: START - 20}
    async with polling(forge, watch=Watching(repositories=("g/p2",))) as p:
        await p.poll()
        task = p.queue.take(START)
        assert isinstance(task, Visit)
        assert (task.project, task.own) == (2, True)


async def test_snippets_are_asked_for_from_the_oldest_that_waits() -> None:
    forge = Forge()
    forge.snippets = [(1, START - 100), (2, START - 50)]
    async with polling(forge, read=["snippets"]) as p:
        (event,) = feed(await p.poll(), "snippets")
        assert (event.listed, event.expected) == (2, 2)
        forge.snippets.append((3, START + 30))
        (event,) = feed(await p.poll(60), "snippets")
        assert (event.listed, event.expected, event.overlap) == (3, 1, 2)
        assert sorted(p.queue.snippets()) == [1, 2, 3]
        # killed here, nothing read: the next process asks from before the oldest
        queue = Queue(10)
        p.polls = Polls(GitLabSettings(read=("snippets",)), p.ask.gitlab, Watching(), queue, lambda: 1.0)
        await p.polls.restore(p.ask.context)
        await p.poll(5000)
        assert sorted(queue.snippets()) == [1, 2, 3]
        assert forge.asked[-1][1]["created_after"] == iso(START - 100 - 600)


async def test_what_is_no_snippet_is_counted() -> None:
    forge = Forge()
    async with polling(forge, read=["snippets"]) as p:
        forge.snippets = [(0, START - 5), (7, START - 5)]
        await p.poll()
        assert sorted(p.queue.snippets()) == [7]
        assert p.ask.dropped("bad_snippet") == 1


def test_keys_of_snippets_differ() -> None:
    found = [parse_snippet({"id": n, "created_at": iso(START)}) for n in (1, 2)]
    assert len({snippet_key(one) for one in found if one}) == 2
