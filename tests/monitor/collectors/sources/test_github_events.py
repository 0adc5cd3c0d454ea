from __future__ import annotations

import gzip
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from collecting import START, Bench, MemoryProducer, MemoryState, reply
from forge import Forge, commit, comparison, event, file, push, sha
from monitor.bus.base import Message
from monitor.collectors.archive.sieve import parse_span
from monitor.collectors.service import SourceCrashed
from monitor.collectors.shapes import iso
from monitor.collectors.sources import github_events
from monitor.collectors.sources.github_events import PLUGIN, Settings
from monitor.watching import Watching

NAME = "github_events"
PATCH = "@@ -0,0 +1 @@\n+new"


def at(seconds: float) -> str:
    return iso(START + seconds)


def watch(number: int, when: float = -20) -> dict[str, Any]:
    return event("WatchEvent", number, {"action": "started"}, at=at(when))


def comment(number: int, body: str, when: float = -20) -> dict[str, Any]:
    return event("IssueCommentEvent", number, {"comment": {"body": body}}, at=at(when))


def pushable(forge: Forge, number: int, when: float = -20) -> dict[str, Any]:
    """A push event whose comparison answers."""
    head = f"h{number}"
    forge.compare(sha("base"), head, comparison([commit(head)], [file(f"f{number}", PATCH)]))
    return push(number, head, "base", at=at(when))


class Feed:
    """/events as a list that the test changes, in pages, with an ETag that changes with it."""

    def __init__(self, *events: dict[str, Any], **headers: str) -> None:
        self.events = list(events)
        self.headers = headers
        self.polls: list[int] = []  # status of each answer to page 1
        self.pages: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        page = int(request.query["page"])
        self.pages.append(request.query["page"])
        tag = f'W/"{sha(repr(self.events))}"'
        if request.headers.get("If-None-Match") == tag:
            self.polls.append(304)
            return web.Response(status=304, headers={"ETag": tag})
        if page == 1:
            self.polls.append(200)
        begin = (page - 1) * 100
        return reply(self.events[begin : begin + 100], ETag=tag, **self.headers)


async def run(
    forge: Forge,
    seconds: float = 59.0,
    *,
    state: MemoryState | None = None,
    producer: MemoryProducer | None = None,
    base: str = "",
    later: float = 0.0,  # seconds after START: a restart asks no sooner than it may
    **settings: Any,
) -> Bench:
    async with forge.serving() as url, Bench(state, producer) as bench:
        bench.time.now += later
        forge.clock = bench.time
        made = Settings(base_url=base or url, **settings)
        await bench.run(NAME, PLUGIN.build(made, bench.tools), seconds)
        return bench


async def test_text_and_pushes_reach_the_bus_and_are_seen() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(comment(1, "look here"), pushable(forge, 2), watch(3), {"id": "4"})
    bench = await run(forge)
    assert [d.content for d in bench.producer.documents] == [b"look here", b"msg", PATCH.encode()]
    assert len(bench.state.seen) == 3
    first = bench.producer.coverage[0]
    assert (first.listed, first.fetched, first.overlap, first.expected) == (3, 2, None, 3)
    assert sum(e.fetched for e in bench.producer.coverage) == 3
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="bad_event") == 1
    assert bench.metric("leakstream_capture_ratio", source=NAME) == 1.0
    assert bench.metric("leakstream_source_requests_total", source=NAME, outcome="ok") == 2


async def test_a_restart_asks_no_sooner_than_the_server_wants() -> None:
    forge = Forge()
    feed = Feed(watch(1), X_Poll_Interval="120")
    forge.answers["/events"] = feed
    state = MemoryState()
    for later in (0.0, 20.0, 60.0, 119.0, 121.0):
        await run(forge, 0.5, state=state, later=later)
    assert len(feed.polls) == 2


async def test_an_unchanged_feed_was_polled_as_well_for_a_restart() -> None:
    forge = Forge()
    feed = Feed(watch(1))
    forge.answers["/events"] = feed
    state = MemoryState()
    await run(forge, 90, state=state)
    await run(forge, 5, state=state, later=95.0)
    assert feed.polls == [200, 304]


async def test_a_second_poll_sends_the_etag_and_brings_nothing_twice() -> None:
    forge = Forge()
    feed = Feed(comment(1, "a"))
    forge.answers["/events"] = feed
    bench = await run(forge, 130)
    assert feed.polls == [200, 304, 304]
    assert len(bench.producer.documents) == 1
    assert bench.metric("leakstream_source_requests_total", source=NAME, outcome="not_modified") == 2


async def test_the_servers_poll_interval_is_obeyed() -> None:
    forge = Forge()
    feed = Feed(comment(1, "a"), X_Poll_Interval="300")
    forge.answers["/events"] = feed
    await run(forge, 299)
    assert len(feed.polls) == 1


async def test_late_and_reordered_events_and_equal_ids_of_two_types_are_found() -> None:
    forge = Forge()
    feed = Feed(comment(500, "first"))
    forge.answers["/events"] = feed
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    feed.events = [
        comment(500, "first"),
        comment(3, "older id, listed later", when=-600),
        event("CommitCommentEvent", 500, {"comment": {"body": "equal id"}}, at=at(-20)),
    ]
    await run(forge, state=state, producer=producer, later=61.0)
    assert sorted(d.content for d in producer.documents) == [b"equal id", b"first", b"older id, listed later"]


async def test_further_pages_are_read_while_everything_is_new_and_never_the_fourth() -> None:
    forge = Forge()
    feed = Feed(*(watch(n) for n in range(400)))
    forge.answers["/events"] = feed
    await run(forge)
    assert feed.pages == ["1", "2", "3"]


async def test_overlap_is_measured_and_a_gap_estimated() -> None:
    forge = Forge()
    feed = Feed(*(watch(n, when=-20 + n / 100) for n in reversed(range(300))))
    forge.answers["/events"] = feed
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    feed.events = [watch(1000 + n, when=40 + n / 100) for n in reversed(range(299))] + [
        watch(299, when=-17.01)
    ]
    await run(forge, state=state, producer=producer, later=61.0)
    assert [e.overlap for e in producer.coverage] == [None, 1]
    feed.events = [watch(2000 + n, when=102 + n / 100) for n in reversed(range(300))]
    await run(forge, state=state, producer=producer, later=122.0)
    gap, last = producer.coverage[2:]
    assert (gap.blind, gap.since, gap.until) == ("gap", START + 42, START + 102)
    assert last.overlap == 0
    assert last.lost == pytest.approx(59 * 300 / 3, rel=0.01)  # a second is the feed's own resolution
    assert last.expected == 300 + last.lost


async def test_a_feed_that_moves_on_while_it_is_asked_is_several_windows() -> None:
    """Page 2 that begins above page 1 leaves a hole between them: neither its width nor its count may hide in one window."""
    forge = Forge()
    pages = {
        "1": [watch(n, when=-50 + n / 100) for n in reversed(range(100))],
        "2": [watch(500 + n, when=-40 + n / 100) for n in reversed(range(100))],
        "3": [watch(450 + n, when=-40.5 + n / 100) for n in reversed(range(100))],
    }

    async def moving(request: web.Request) -> web.StreamResponse:
        return reply(pages[request.query["page"]])

    forge.answers["/events"] = moving
    bench = await run(forge)
    told = [e for e in bench.producer.coverage if e.listed]
    assert [(e.listed, e.full, e.oldest, e.newest) for e in told] == [
        (100, True, START - 50, START - 50),
        (150, True, START - 41, START - 40),
    ]


async def test_a_short_feed_that_is_all_new_is_no_gap() -> None:
    forge = Forge()
    feed = Feed()
    forge.answers["/events"] = feed
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    feed.events = [watch(1, when=50)]
    await run(forge, state=state, producer=producer, later=61.0)
    assert [(e.overlap, e.lost, e.blind) for e in producer.coverage] == [(None, 0, ""), (0, 0, "")]


async def test_a_stale_copy_is_told() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(comment(1, "old", when=-3 * 3600))
    bench = await run(forge)
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    assert len(bench.producer.documents) == 1


async def test_a_stale_copy_stays_stale_while_it_answers_304() -> None:
    forge = Forge()
    feed = Feed(comment(1, "old", when=-3 * 3600))
    forge.answers["/events"] = feed
    bench = await run(forge, 130)
    assert feed.polls == [200, 304, 304]
    assert bench.metric("leakstream_source_blind", source=NAME) == 1


async def test_a_credential_that_is_refused_is_no_verdict_on_a_push() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(*(push(n, "head", "base", at=at(-20)) for n in range(10)))
    forge.compare(sha("base"), "head", (401, {"message": "Bad credentials"}))
    bench = await run(forge, concurrency=2)
    assert forge.count("/repos/") == 2
    assert bench.producer.skipped() == {}
    assert bench.state.seen == set()


async def test_what_the_budget_leaves_over_waits_and_what_falls_off_is_counted() -> None:
    forge = Forge()
    feed = Feed(*(pushable(forge, n) for n in range(10)))
    forge.answers["/events"] = feed
    state, producer = MemoryState(), MemoryProducer()
    options: dict[str, Any] = {"diff_requests_per_minute": 2, "backlog": 5, "concurrency": 1}
    bench = await run(forge, state=state, producer=producer, **options)
    assert forge.count("/repos/") == 2
    assert producer.skipped() == {"budget": 3}
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="budget") == 3
    # after a restart the backlog is still there, though the feed has moved on
    feed.events = []
    await run(forge, 119, state=state, producer=producer, **options)
    assert forge.count("/repos/") == 6
    assert sum(e.fetched for e in producer.coverage) == 6
    assert len(state.seen) == 9


async def test_the_hosts_own_limit_shrinks_the_share() -> None:
    forge = Forge()
    limits = {"x_ratelimit_remaining": "600", "x_ratelimit_reset": str(int(START + 3600))}
    forge.answers["/events"] = Feed(*(pushable(forge, n) for n in range(20)), **limits)
    bench = await run(forge, concurrency=1)
    assert forge.count("/repos/") == 600 // 60 - 1  # the poll itself
    assert bench.metric("leakstream_source_budget_remaining_requests", source=NAME) == 600


async def test_diffs_can_be_switched_off() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(pushable(forge, 1))
    bench = await run(forge, diff_requests_per_minute=0)
    assert bench.producer.skipped() == {"diffs_off": 1}
    assert forge.count("/repos/") == 0


async def test_a_push_that_github_will_not_show_is_counted_once() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(push(1, "head", "base", at=at(-20)))
    bench = await run(forge)
    assert bench.producer.skipped() == {"gone": 1}
    assert len(bench.state.seen) == 1


async def test_a_push_whose_server_fails_is_tried_in_later_cycles_and_then_given_up() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(push(1, "head", "base", at=at(-20)))
    forge.compare(sha("base"), "head", (500, {"message": "Server Error"}))
    bench = await run(forge, 400)
    assert forge.count("/repos/") == 9
    assert bench.producer.skipped() == {"unavailable": 1}


async def test_a_primary_limit_waits_for_the_reset() -> None:
    forge = Forge()
    answers = iter([(429, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(START + 900))})])
    feed = Feed(comment(1, "a", when=890))

    async def limited(request: web.Request) -> web.StreamResponse:
        for status, headers in answers:
            return reply({"message": "API rate limit exceeded"}, status, **headers)
        return await feed(request)

    forge.answers["/events"] = limited
    bench = await run(forge, 901)
    assert len(forge.asked) == 2
    assert [d.content for d in bench.producer.documents] == [b"a"]
    blind = next(e for e in bench.producer.coverage if e.blind)
    assert (blind.since, blind.until, blind.blind) == (START, START + 900, "limited")


async def test_a_limit_during_the_diffs_keeps_the_push() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(push(1, "head", "base", at=at(-20)))

    async def limited(_: web.Request) -> web.StreamResponse:
        forge.compare(sha("base"), "head", comparison([commit("head")], [file("f", PATCH)]))
        return reply({"message": "slow down"}, 403, Retry_After="30")

    forge.compare(sha("base"), "head", limited)
    bench = await run(forge, 119)
    assert {d.provenance.path for d in bench.producer.documents} == {"", "f"}


@pytest.mark.parametrize("status", [401, 403, 404, 410, 422])
async def test_a_refusal_is_not_repeated_in_a_hurry(status: int) -> None:
    forge = Forge()
    forge.answers["/events"] = (status, {"message": "no"})
    bench = await run(forge, 4.9)
    assert len(forge.asked) == 1
    assert bench.metric("leakstream_source_blind", source=NAME) == 1


async def _html(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Unicorn</html>", content_type="text/html")


async def _bad_gateway(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Unicorn</html>", content_type="text/html", status=502)


async def _bomb(_: web.Request) -> web.StreamResponse:
    return web.Response(body=gzip.compress(bytes(8 * 1024 * 1024)), headers={"Content-Encoding": "gzip"})


async def _deep(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"[" * 100_000 + b"]" * 100_000)


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"[")
    assert request.transport is not None
    request.transport.close()
    return response


async def _object(_: web.Request) -> web.StreamResponse:
    return reply({"message": "an object"})


async def _circle(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/events?per_page=100&page=1"})


async def _inside(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})


@pytest.mark.parametrize(
    ("rubbish", "reason"),
    [
        (_html, "bad_shape"),
        (_object, "bad_shape"),
        (_deep, "bad_shape"),
        (_bad_gateway, "server_error"),
        (_bomb, "too_large"),
        (_cut, "truncated"),
        (_circle, "redirect_loop"),
        (_inside, "refused_address"),
    ],
)
async def test_rubbish_is_counted_and_survived(rubbish: Any, reason: str) -> None:
    forge = Forge()
    feed = Feed(comment(1, "a"))

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (rubbish(request) if len(forge.asked) <= 3 else feed(request))

    forge.answers["/events"] = answer
    bench = await run(forge, 3000, max_body_mib=1)
    assert [d.content for d in bench.producer.documents] == [b"a"]
    assert bench.metric("leakstream_source_requests_total", source=NAME, outcome=reason) == 3
    # at the end what the feed shows is old, and that is told at the stop
    assert [e.blind for e in bench.producer.coverage if e.blind] == [reason, "stale"]


async def test_a_failed_second_page_is_listed_again() -> None:
    forge = Forge()
    feed = Feed(*(watch(n) for n in range(150)))

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.query["page"] == "2" and len(feed.pages) == 1:
            return reply({"message": "gone wrong"}, 404)
        return await feed(request)

    forge.answers["/events"] = answer
    bench = await run(forge, 61)
    assert feed.polls == [200, 200]
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="page_failed") == 1


async def test_hostile_entries_do_no_harm() -> None:
    forge = Forge()
    rubbish = [None, 5, "x", [], {}, {"id": 1}, {"type": "PushEvent", "id": "1", "repo": {"name": "../.."}}]
    broken = event("PushEvent", 9, {"head": "zz", "before": None}, at="not a time")
    forge.answers["/events"] = Feed(*rubbish, broken, comment(1, "fine"))  # type: ignore[arg-type]
    bench = await run(forge)
    assert [d.content for d in bench.producer.documents] == [b"fine"]


async def test_several_feeds_have_their_own_cursors() -> None:
    forge = Forge()
    forge.answers["/orgs/octo/events"] = Feed(comment(1, "org"))
    forge.answers["/repos/a/b/events"] = Feed(comment(2, "repo"))
    bench = await run(forge, feeds=("/orgs/octo/events", "/repos/a/b/events"))
    assert sorted(d.content for d in bench.producer.documents) == [b"org", b"repo"]
    assert {name for _, name in bench.state.cursors} == {"/orgs/octo/events", "/repos/a/b/events", "backlog"}


async def test_the_token_goes_to_the_api_and_nowhere_else(tmp_path: Path) -> None:
    token = "gh" + "p_" + "x" * 36
    (tmp_path / "token").write_text(f"{token}\n")
    forge = Forge()
    forge.answers["/events"] = Feed(comment(1, "a"))
    bench = await run(forge, token_file=tmp_path / "token")
    assert forge.headers[0]["Authorization"] == f"Bearer {token}"
    assert forge.headers[0]["Accept"] == "application/vnd.github+json"
    assert not any(token in str(saved) for saved in bench.state.cursors.values())


class Breaking(MemoryProducer):
    """Breaks at the n-th send, as a process does that is killed."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    async def send(self, messages: Sequence[Message]) -> None:
        if len(messages) and self.after <= 0:
            raise OSError("killed")
        self.after -= bool(messages)
        await super().send(messages)


@pytest.mark.parametrize("sends", range(8))
async def test_a_crash_at_any_point_loses_nothing_that_was_listed(sends: int) -> None:
    forge = Forge()
    feed = Feed(comment(1, "text"), *(pushable(forge, n) for n in range(2, 6)))
    forge.answers["/events"] = feed
    state, breaking = MemoryState(), Breaking(sends)
    with suppress(SourceCrashed):
        await run(forge, state=state, producer=breaking)
    again = MemoryProducer()
    await run(forge, 130, state=state, producer=again)
    found = {d.provenance.path for d in breaking.documents + again.documents}
    assert found == {"", "f2", "f3", "f4", "f5"}
    assert b"text" in {d.content for d in breaking.documents + again.documents}


def test_settings_refuse_what_cannot_be() -> None:
    for wrong in (
        {"base_url": "api.github.com"},
        {"feeds": ("/user",)},
        {"feeds": ()},
        {"poll_seconds": 0},
        {"token": "a", "token_file": "b"},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            Settings.model_validate(wrong)
    assert Settings(base_url="https://ghe.example/api/v3/").base_url == "https://ghe.example/api/v3"
    assert "secret-value" not in repr(Settings.model_validate({"token": "secret-value"}))


def test_an_empty_token_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ValueError, match="no token in it"):
        Settings(token_file=tmp_path / "token").secret()


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
    assert github_events.PLUGIN.summary


async def test_the_time_between_two_runs_is_blind_and_repair_is_asked_for() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(watch(1))
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    later = MemoryProducer()
    await run(forge, state=state, producer=later, later=700.0)
    (blind,) = [event for event in later.coverage if event.blind == "stopped"]
    assert (blind.since, blind.until) == (START, START + 700)
    (request,) = later.requests
    assert (request.kind, request.source) == ("repair", "gharchive")
    assert request.target == f"github_events {at(0)} {at(700)}"
    assert parse_span(request.target, START + 700) is not None
    assert producer.requests == []


async def test_a_restart_before_the_next_poll_was_due_is_no_blind_time() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(watch(1), X_Poll_Interval="300")
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    await run(forge, state=state, producer=producer, later=290.0)
    assert [event for event in producer.coverage if event.blind == "stopped"] == []
    assert producer.requests == []


async def test_opened_repositories_of_ours_are_asked_of_git() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(
        event("PublicEvent", 1, {}, repo="acme/tool", at=at(-20)), event("PublicEvent", 2, {}, at=at(-20))
    )
    async with forge.serving() as url, Bench() as bench:
        forge.clock = bench.time
        tools = replace(bench.tools, watch=Watching(organisations=("acme",)))
        await bench.run(NAME, PLUGIN.build(Settings(base_url=url), tools), 59)
    assert [r.target for r in bench.producer.requests if r.kind == "sweep"] == [
        "https://github.com/acme/tool.git"
    ]
    assert bench.producer.skipped()["repository_made_public"] == 1
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="no_such_feed") == 1


async def test_feeds_of_what_is_watched_are_polled_by_themselves() -> None:
    forge = Forge()
    forge.answers["/events"] = Feed(watch(1))
    forge.answers["/orgs/acme/events"] = Feed(pushable(forge, 2))
    async with forge.serving() as url, Bench() as bench:
        forge.clock = bench.time
        tools = replace(bench.tools, watch=Watching(organisations=("acme", "a/b/c"), users=("jane",)))
        await bench.run(NAME, PLUGIN.build(Settings(base_url=url), tools), 59)
    assert [e.feed for e in bench.producer.coverage if e.listed] == ["/events", "/orgs/acme/events"]
    assert any(d.provenance.commit for d in bench.producer.documents)
