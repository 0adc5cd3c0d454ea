from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import Counter
from dataclasses import replace
from typing import Any

import orjson
import pytest
from aiohttp import web
from pydantic import ValidationError

from archived import NOON, comment, event, packed, push
from collecting import Bench, Handler, MemoryProducer, MemoryState, serving
from monitor.collectors.archive.hour import HOUR, hour_name, hour_of
from monitor.collectors.github.event import parse
from monitor.collectors.service import SourceCrashed
from monitor.collectors.sources.gharchive import PLUGIN, Settings
from monitor.contracts import Request
from monitor.coverage.items import Outcome, place_of, unpack
from monitor.watching import Watching

NAME = "gharchive"
HERE = hour_of(NOON)
NAMED = hour_name(HERE)
TARGET = "github_events 2026-06-01T12:00:10Z 2026-06-01T12:00:20Z"


class Site:
    """Both places: `files[place][hour's name]` is the body or a status; `manifests` as they should be unless given."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, Any]] = {"mirror": {}, "archive": {}}
        self.manifests: dict[str, Any] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.cut: dict[str, int] = {}  # hour's name -> the connection ends after so many bytes, once

    def publish(
        self, events: list[Any], *, name: str = NAMED, place: str = "mirror", member: int = 10
    ) -> None:
        self.files[place][name] = packed(events, member)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.headers.append(dict(request.headers))
        _, place, file = request.path.split("/")
        name = file.removesuffix(".json.gz").removesuffix(".manifest.json")
        body = self.files[place].get(name, 404)
        if file.endswith(".manifest.json"):
            return self._manifest(name, body)
        if isinstance(body, int):
            return web.Response(status=body, text="no", headers={"Retry-After": "900"} if body == 429 else {})
        if name in self.cut:
            answer = web.StreamResponse(headers={"Content-Length": str(len(body))})
            await answer.prepare(request)
            await answer.write(body[: self.cut.pop(name)])
            assert request.transport is not None
            request.transport.close()
            return answer
        return web.Response(body=body, content_type="application/gzip")

    def _manifest(self, name: str, body: Any) -> web.Response:
        given = self.manifests.get(name)
        if isinstance(given, bytes):
            return web.Response(body=given)
        if isinstance(given, int) or isinstance(body, int):
            return web.Response(status=given or body)
        count = gzip.decompress(body).count(b"\n")
        true = {
            "event_count": count,
            "compressed_bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        return web.Response(body=orjson.dumps({**true, **(given or {})}))

    def count(self, place: str, name: str = NAMED) -> int:
        return self.asked.count(f"/{place}/{name}.json.gz")


async def run(
    site: Site,
    seconds: float,
    *,
    now: float = NOON + 2 * HOUR,
    state: MemoryState | None = None,
    producer: MemoryProducer | None = None,
    requests: tuple[Request, ...] = (),
    watch: Watching | None = None,
    **options: Any,
) -> Bench:
    """From `now` on. Hours before NOON are none of the mirror's; there is no world to be counted unless asked for."""
    async with serving(site.handle) as base, Bench(state, producer) as bench:
        bench.time.now = now
        await bench.state.add_requests(requests)
        known: dict[str, Any] = {
            "archive_url": f"{base}/archive",
            "mirror_url": f"{base}/mirror",
            "mirror_since": "2026-06-01T00:00:00Z",
            "world": False,
            "events_per_second": 1e9,
        }
        tools = bench.tools
        if watch is not None:
            tools = replace(tools, watch=watch)
        source = PLUGIN.build(Settings.model_validate({**known, **options}), tools)
        await bench.run(NAME, source, seconds)
        return bench


def past(hours: int = 1) -> dict[str, Any]:
    """Settings that back-fill the hour of NOON (and those behind it)."""
    return {"backfill_from": "2026-06-01T12:00:00Z", "backfill_to": f"2026-06-01T{12 + hours}:00:00Z"}


def asking(target: str = TARGET) -> Request:
    return Request("repair", NAME, target, NOON, "outage")


def texts(bench: Bench) -> list[str]:
    return sorted(d.content.decode() for d in bench.producer.documents)


TROUBLE = {"bad_hash", "truncated", "bad_encoding", "bomb", "bad_manifest", "bad_size"}


def counted(bench: Bench) -> list[Any]:
    """The coverage events that have counts: not those with names only, nor what the service tells of trouble when it stops."""
    told = (e for e in bench.producer.coverage if e.listed or e.expected is not None or e.blind)
    return [e for e in told if e.blind not in TROUBLE]


def outcomes(bench: Bench, repository: str) -> set[Outcome]:
    place = place_of("github.com", repository)
    return {i.outcome for e in bench.producer.coverage for i in unpack(e.items) if i.place == place}


# -- what an hour gives


async def test_texts_become_documents_and_the_rest_is_counted() -> None:
    site = Site()
    site.publish(
        [comment("one"), push("someone/thing"), event("WatchEvent"), comment("two", "other/thing"), "rubbish"]
    )
    bench = await run(site, 3600, **past())
    assert texts(bench) == ["one", "two"]
    document = next(d for d in bench.producer.documents if d.content == b"two")
    assert (document.source, document.published_at) == (NAME, NOON)
    assert (document.provenance.forge, document.provenance.repository) == ("github.com", "other/thing")
    (told,) = counted(bench)
    assert (told.since, told.until, told.feed) == (NOON, NOON + HOUR, "mirror")
    assert (told.expected, told.listed, told.fetched) == (None, 4, 2)
    assert dict(told.skipped) == {"diffs_off": 1, "no_text": 1}
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="bad_event") == 1
    assert outcomes(bench, "other/thing") == {Outcome.FETCHED}


async def test_the_file_s_own_compression_is_left_alone() -> None:
    site = Site()
    site.publish([comment("one")])
    await run(site, 3600, **past())
    assert {
        h["Accept-Encoding"] for h, path in zip(site.headers, site.asked, strict=True) if path.endswith(".gz")
    } == {"identity"}


async def test_a_file_of_hundreds_of_members_is_read_to_its_end() -> None:
    site = Site()
    site.publish([comment(f"text {n}") for n in range(300)], member=1)
    bench = await run(site, 3600, **past())
    assert len(bench.producer.documents) == 300


async def test_watched_pushes_and_repositories_are_handed_to_git() -> None:
    site = Site()
    events = [
        push("acme/app"),
        push("acme/app", NOON + 5),
        push("someone/thing"),
        event("PublicEvent", "acme/new", {}),
        event("PublicEvent", "someone/new", {}),
    ]
    site.publish(events)
    watch = Watching(organisations=("acme",))
    bench = await run(site, 3600, watch=watch, **past())
    asked = {(r.kind, r.source, r.target) for r in bench.producer.requests}
    assert asked == {("sweep", "git", f"https://github.com/acme/{name}.git") for name in ("app", "new")}
    assert len(bench.producer.requests) == 2
    (told,) = counted(bench)
    assert dict(told.skipped) == {"handed_to_git": 3, "diffs_off": 1, "repository_made_public": 1}
    assert outcomes(bench, "acme/app") == {Outcome.LISTED}
    everything = await run(site, 3600, watch=watch, public_repositories=True, **past())
    assert "https://github.com/someone/new.git" in {r.target for r in everything.producer.requests}


async def test_a_name_that_cannot_be_a_repository_goes_nowhere() -> None:
    site = Site()
    site.publish([push("acme/../../x"), push("acme/a b"), push("acme/.."), push("acme/x?y=http://z")])
    bench = await run(site, 3600, watch=Watching(organisations=("acme",)), **past())
    assert bench.producer.requests == []


# -- when


async def test_each_finished_hour_is_followed_once_some_minutes_after_its_end() -> None:
    site = Site()
    for n in range(4):
        site.publish([comment(f"hour {n}", at=NOON + n * HOUR)], name=hour_name(HERE + n))
    bench = await run(site, 3 * HOUR + 900, now=NOON + 60, follow=True, delay_minutes=11)
    assert texts(bench) == ["hour 0", "hour 1", "hour 2"]
    assert [site.count("mirror", hour_name(HERE + n)) for n in range(4)] == [1, 1, 1, 0]
    for document in bench.producer.documents:
        assert document.published_at is not None
        assert document.fetched_at >= document.published_at + HOUR + 660


async def test_it_is_heard_of_while_there_is_nothing_to_ask_for() -> None:
    bench = await run(Site(), 1800, now=NOON + 60, follow=True)
    assert bench.metric("leakstream_source_last_success_timestamp_seconds", source=NAME) >= NOON + 1790
    assert bench.metric("leakstream_source_blind", source=NAME) == 0


async def test_trouble_stays_until_the_hour_is_read() -> None:
    site = Site()
    site.files["mirror"][NAMED] = 503
    site.manifests[NAMED] = 503
    bench = await run(site, 1500, archive_url="", **past())
    assert bench.metric("leakstream_source_blind", source=NAME) == 1


async def test_a_missing_hour_is_asked_again_then_elsewhere_then_told() -> None:
    site = Site()
    site.publish([comment("next", at=NOON + HOUR)], name=hour_name(HERE + 1))
    site.publish([comment("after", at=NOON + 2 * HOUR)], name=hour_name(HERE + 2), place="archive")
    bench = await run(site, 30 * HOUR, now=NOON + 60, follow=True, give_up_hours=6)
    assert texts(bench) == ["after", "next"]
    lost = [
        (e.since, e.until)
        for e in bench.producer.coverage
        if e.blind == "missing_hour" and e.until - e.since == HOUR
    ]
    assert lost[0] == (NOON, NOON + HOUR)
    assert site.asked.count(f"/mirror/{NAMED}.manifest.json") >= 3
    assert site.count("archive") >= 3
    # not more often than the pause between two tries allows
    assert site.count("archive") <= 6 * 6
    assert [e.feed for e in bench.producer.coverage if e.fetched] == ["mirror", "archive"]


async def test_hours_before_the_mirror_are_asked_of_the_archive_alone() -> None:
    site = Site()
    site.publish([comment("old")], place="archive")
    bench = await run(site, 3600, mirror_since="2026-09-06T00:00:00Z", **past())
    assert texts(bench) == ["old"]
    assert site.asked == [f"/archive/{NAMED}.json.gz"]


async def test_how_many_events_the_world_had_is_told_by_the_manifest_alone() -> None:
    site = Site()
    site.publish([comment("one"), push("a/b"), push("a/b")])
    bench = await run(site, HOUR + 700, now=NOON + 60, world=True)
    assert texts(bench) == []
    assert site.asked == [f"/mirror/{NAMED}.manifest.json"]
    (told,) = bench.producer.coverage
    assert (told.feed, told.since, told.until) == ("world", NOON, NOON + HOUR)
    assert (told.expected, told.listed) == (3, 0)


async def test_a_manifest_with_another_count_than_its_file_is_not_believed() -> None:
    site = Site()
    site.publish([comment("one"), comment("two")])
    site.manifests[NAMED] = {"event_count": 90_000}
    bench = await run(site, HOUR + 700, now=NOON + 60, world=True, follow=True)
    (told,) = [e for e in bench.producer.coverage if e.feed == "world"]
    assert told.expected == 2
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="manifest_count") == 89_998


async def test_it_reads_no_faster_than_told() -> None:
    site = Site()
    site.publish([comment(f"text {n}") for n in range(1000)])
    bench = await run(site, 3600, events_per_second=10, **past())
    assert len(bench.producer.documents) == 1000
    assert {50.0} <= set(bench.time.slept)
    assert sum(s for s in bench.time.slept if s <= 50.0) >= 100


# -- what goes wrong


async def test_a_wrong_hash_makes_nothing_of_the_hour_count_as_verified() -> None:
    site = Site()
    site.publish([comment("one"), comment("two"), push("a/b")])
    site.manifests[NAMED] = {"sha256": "0" * 64}
    state, producer = MemoryState(), MemoryProducer()
    bench = await run(site, 60, state=state, producer=producer, world=True, **past())
    assert texts(bench) == []  # a file of one batch is judged before it is handed over
    assert counted(bench) == []
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="bad_hash") == 1
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    site.manifests.clear()
    await run(site, 3600, now=NOON + 2 * HOUR + 61, state=state, producer=producer, **past())
    assert texts(bench) == ["one", "two"]
    assert sum(e.fetched for e in counted(bench)) == 2


async def test_what_was_read_of_a_bad_file_is_told_and_never_repeated() -> None:
    site = Site()
    site.publish([comment(f"text {n:04}") for n in range(1200)])
    site.manifests[NAMED] = {"sha256": "0" * 64}
    state, producer = MemoryState(), MemoryProducer()
    bench = await run(site, 60, state=state, producer=producer, **past())
    assert len(texts(bench)) == 1000
    site.manifests.clear()
    await run(site, 3600, now=NOON + 2 * HOUR + 61, state=state, producer=producer, **past())
    assert texts(bench) == [f"text {n:04}" for n in range(1200)]
    counts = [(e.listed, e.fetched) for e in counted(bench) if e.listed]
    assert counts == [(1000, 1000), (1200, 200)]
    assert {e.expected for e in counted(bench)} == {None}  # only a manifest says what there was


async def test_a_bad_file_is_looked_for_at_the_other_place_at_last() -> None:
    site = Site()
    site.publish([comment("one")])
    site.manifests[NAMED] = {"sha256": "0" * 64}
    site.publish([comment("another")], place="archive")
    bench = await run(site, 3600, **past())
    assert texts(bench) == ["another"]
    assert site.count("mirror") == 3


@pytest.mark.parametrize(
    ("body", "manifest", "reason"),
    [
        (packed([comment("x")] * 50)[:-30], {}, "truncated"),
        (b"<html>Bad gateway</html>", {}, "bad_encoding"),
        (gzip.compress(bytes(40 << 20)), {}, "bomb"),
        (packed([comment("x")]), {"sha256": None}, "bad_manifest"),
        (packed([comment("x")]), {"compressed_bytes": 3}, "bad_size"),
        (b"", {}, "truncated"),
    ],
)
async def test_a_file_that_is_none_is_told_and_tried_again(body: bytes, manifest: Any, reason: str) -> None:
    site = Site()
    site.files["mirror"][NAMED] = body
    true = {"event_count": 1, "compressed_bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    site.manifests[NAMED] = orjson.dumps({**true, **manifest})
    state, producer = MemoryState(), MemoryProducer()
    bench = await run(site, 60, state=state, producer=producer, **past())
    assert texts(bench) == []
    assert counted(bench) == []
    assert bench.metric("leakstream_dropped_total", stage="collect", reason=reason) == 1
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    site.publish([comment("at last")])
    site.manifests.clear()
    await run(site, 3600, now=NOON + 2 * HOUR + 61, state=state, producer=producer, **past())
    assert texts(bench) == ["at last"]


async def endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    member = packed([event("WatchEvent")] * 50)
    try:
        while True:
            await answer.write(member * 20)
    except ConnectionError:
        return answer


async def dripping(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    try:
        for byte in packed([comment("slow")] * 50):
            await answer.write(bytes([byte]))
            await asyncio.sleep(0.1)
    except ConnectionError:
        pass
    return answer


async def circling(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound(request.path)


async def failing(request: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="<html>Bad Gateway", content_type="text/html")


async def encoded(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"?", headers={"Content-Encoding": "br"})


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (endless, "too_large"),
        (dripping, "timeout"),
        (circling, "redirect_loop"),
        (failing, "server_error"),
        (encoded, "bad_encoding"),
    ],
)
async def test_a_hostile_answer_is_told_and_loses_nothing(hostile: Handler, reason: str) -> None:
    site = Site()
    site.publish([comment("one"), '{"a":' * 100 + "1" + "}" * 100, "[" * 5000])
    answers = [hostile]

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path.endswith(".gz") and answers:
            return await answers[0](request)
        return await site.handle(request)

    options = {"archive_url": "", "mirror_since": "2026-06-01T00:00:00Z", "world": False, **past()}
    options |= {"max_file_mib": 1, "max_file_minutes": 0.01}
    async with serving(handle) as base, Bench() as bench:
        bench.time.now = NOON + 2 * HOUR
        settings = Settings.model_validate({**options, "mirror_url": base + "/mirror"})
        source = PLUGIN.build(settings, bench.tools)
        await bench.run(NAME, source, 60)
        assert bench.producer.documents == []
        assert bench.metric("leakstream_source_blind", source=NAME) == 1
        assert bench.metric("leakstream_source_requests_total", source=NAME, outcome=reason) == 1
        answers.clear()
        await bench.run(NAME, source, 3600)
        assert texts(bench) == ["one"]
        assert bench.metric("leakstream_source_blind", source=NAME) == 0


@pytest.mark.parametrize("size", [600, 3000])
async def test_lines_that_another_file_had_are_not_skipped(size: int) -> None:
    """The first answer breaks off, and was not what the manifest tells of: the next one is read from its first line."""
    site = Site()
    site.publish([comment(f"other {n:04}") for n in range(1300)])
    site.cut[NAMED] = len(site.files["mirror"][NAMED]) * 9 // 10
    truth = packed([comment(f"text {n:04}") for n in range(size)])
    true = {"event_count": size, "compressed_bytes": len(truth), "sha256": hashlib.sha256(truth).hexdigest()}
    site.manifests[NAMED] = true
    state, producer = MemoryState(), MemoryProducer()
    await run(site, 60, state=state, producer=producer, **past())
    site.files["mirror"][NAMED] = truth
    bench = await run(site, 7200, now=NOON + 2 * HOUR + 61, state=state, producer=producer, **past())
    assert [t for t in texts(bench) if t.startswith("text")] == [f"text {n:04}" for n in range(size)]
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="changed") == 1


@pytest.mark.parametrize(
    "manifest", [b"", b"<html>", b"[" * 5000, b"[]", b"null", b'{"a":' * 100 + b"1" + b"}" * 100, 500]
)
async def test_a_manifest_of_rubbish_verifies_nothing(manifest: Any) -> None:
    site = Site()
    site.publish([comment("one")])
    site.manifests[NAMED] = manifest
    bench = await run(site, 120, **past())
    assert texts(bench) == []
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    assert len(site.asked) <= 6


async def test_a_broken_connection_goes_on_at_the_line_where_it_broke() -> None:
    site = Site()
    events = [comment(f"text {n:04}") for n in range(1200)] + [push("a/b")] * 700
    site.publish(events)
    site.cut[NAMED] = len(site.files["mirror"][NAMED]) * 9 // 10
    bench = await run(site, 3600, **past())
    assert texts(bench) == [f"text {n:04}" for n in range(1200)]
    (told,) = [e for e in counted(bench) if e.listed]
    # nothing is counted twice, neither what was handed over nor what was not
    assert (told.listed, told.fetched, dict(told.skipped)) == (1900, 1200, {"diffs_off": 700})
    assert site.count("mirror") == 2


async def test_a_connection_that_always_breaks_gets_through_as_long_as_it_gets_on() -> None:
    site = Site()
    site.publish([comment(f"text {n:04}") for n in range(4000)])
    whole = len(site.files["mirror"][NAMED])

    async def breaking(request: web.Request) -> web.StreamResponse:
        site.cut[NAMED] = whole * (site.count("mirror") + 2) // 8
        return await site.handle(request)

    async with serving(breaking) as base, Bench() as bench:
        bench.time.now = NOON + 2 * HOUR
        options = {"archive_url": "", "mirror_url": f"{base}/mirror", "mirror_since": "2026-06-01T00:00:00Z"}
        settings = Settings.model_validate({**options, "world": False, "events_per_second": 1e9, **past()})
        await bench.run(NAME, PLUGIN.build(settings, bench.tools), 6 * HOUR)
        assert len(bench.producer.documents) == 4000
        (told,) = [e for e in counted(bench) if e.listed]
        assert (told.listed, told.fetched) == (4000, 4000)


async def test_a_limit_is_waited_out() -> None:
    site = Site()
    site.files["mirror"][NAMED] = 429
    site.manifests[NAMED] = orjson.dumps({"event_count": 1, "compressed_bytes": 1, "sha256": "0" * 64})
    bench = await run(site, 850, **past())
    assert site.count("mirror") == 1
    assert texts(bench) == []
    assert bench.metric("leakstream_source_blind", source=NAME) == 1


async def test_a_kill_in_the_middle_of_an_hour_repeats_nothing() -> None:
    """Wherever it hits: before a batch is on the bus, before it is marked, before the line is saved."""

    class Killed(Exception):
        pass

    class Mortal(MemoryState):
        left = 0
        done = 0

        def hit(self, what: str) -> None:
            self.done += 1
            if self.left and self.done >= self.left:
                raise Killed(what)

        async def mark_seen(self, source: str, keys: Any) -> None:
            await super().mark_seen(source, keys)
            self.hit("mark")

        async def unseen(self, source: str, keys: Any) -> set[bytes]:
            self.hit("unseen")
            return await super().unseen(source, keys)

    site = Site()
    wanted = [f"text {n:04}" for n in range(2600)]
    site.publish([comment(text) for text in wanted], member=100)
    for kill in range(1, 12, 2):
        state, producer = Mortal(), MemoryProducer()
        state.left = kill
        bench = None
        with pytest.raises(SourceCrashed):
            await run(site, 3600, state=state, producer=producer, **past())
        state.left = 0
        bench = await run(site, 3600, now=NOON + 3 * HOUR, state=state, producer=producer, **past())
        assert texts(bench) == wanted


# -- repairs


async def test_a_gap_is_filled_with_what_nobody_read() -> None:
    site = Site()
    events = [
        comment("before", at=NOON + 9),
        comment("read", at=NOON + 10),
        comment("missed", at=NOON + 20),
        push("someone/thing", NOON + 15),
        comment("behind", at=NOON + 21),
    ]
    site.publish(events)
    state = MemoryState()
    read = parse(events[1])
    missed = parse(events[2])
    assert read is not None
    assert missed is not None
    await state.mark_seen("github_events", [read.key])
    bench = await run(site, 3600, state=state, requests=(asking(),))
    assert texts(bench) == ["missed"]
    (told,) = counted(bench)
    assert (told.source, told.repairs, told.feed) == (NAME, "github_events", "mirror")
    assert (told.since, told.until) == (NOON + 10, NOON + 20)
    assert (told.listed, told.fetched, told.expected) == (3, 1, None)
    assert (told.oldest, told.newest) == (NOON + 10, NOON + 20)
    assert dict(told.skipped) == {"diffs_off": 1}
    assert await state.requests(NAME) == []
    # the live source knows now what was read here, and a push that was only counted stays its own
    assert await state.unseen("github_events", [missed.key]) == set()
    pushed = parse(events[3])
    assert pushed is not None
    assert await state.unseen("github_events", [pushed.key]) == {pushed.key}
    assert outcomes(bench, "someone/thing") == {Outcome.FETCHED, Outcome.SKIPPED}


async def test_a_span_near_the_hour_s_end_is_looked_for_in_the_next_file_too() -> None:
    site = Site()
    target = "github_events 2026-06-01T12:58:00Z 2026-06-01T12:59:10Z"
    at = NOON + 3500
    site.publish([comment("in time", at=at)])
    site.publish([comment("late", at=at), comment("later", at=NOON + HOUR + 5)], name=hour_name(HERE + 1))
    state, producer = MemoryState(), MemoryProducer()
    bench = await run(
        site, 600, now=NOON + HOUR + 700, state=state, producer=producer, requests=(asking(target),)
    )
    assert texts(bench) == ["in time"]
    assert counted(bench) == []  # not before the next hour is over
    await run(site, 2 * HOUR, now=NOON + HOUR + 1300, state=state, producer=producer)
    assert texts(bench) == ["in time", "late"]
    (told,) = counted(bench)
    assert (told.listed, told.repairs) == (2, "github_events")
    assert site.count("mirror") == 1


async def test_two_gaps_of_an_hour_are_read_in_one_go() -> None:
    site = Site()
    site.publish([comment("a", at=NOON + 12), comment("b", at=NOON + 700), comment("c", at=NOON + 99)])
    other = "github_events /events 2026-06-01T12:11:00Z 2026-06-01T12:12:00Z"
    bench = await run(site, 3600, requests=(asking(), asking(other)))
    assert texts(bench) == ["a", "b"]
    assert Counter(e.repairs for e in counted(bench)) == {"github_events": 1, "github_events /events": 1}
    assert site.count("mirror") == 1


async def test_the_archive_fills_a_gap_and_says_that_it_was_the_archive() -> None:
    site = Site()
    site.publish([comment("a", at=NOON + 12)], place="archive")
    bench = await run(site, 3 * HOUR, requests=(asking(),))
    (told,) = [e for e in counted(bench) if e.repairs]
    assert (told.feed, told.expected, told.fetched) == ("archive", None, 1)


async def test_a_gap_whose_hour_is_nowhere_stays_one() -> None:
    site = Site()
    state = MemoryState()
    bench = await run(site, 40 * HOUR, state=state, requests=(asking(),))
    assert not [e for e in bench.producer.coverage if e.repairs]
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="repair_missing_hour") == 1
    assert await state.requests(NAME) == []


@pytest.mark.parametrize(
    ("request_", "options", "reason"),
    [
        (asking("pastebin 2026-06-01T12:00:10Z 2026-06-01T12:00:20Z"), {}, "bad_request"),
        (asking("nonsense"), {}, "bad_request"),
        (Request("sweep", NAME, TARGET, NOON), {}, "bad_request"),
        (asking(), {"repair": "off"}, "repair_off"),
    ],
)
async def test_what_cannot_be_done_is_finished_and_counted(
    request_: Request, options: Any, reason: str
) -> None:
    site, state = Site(), MemoryState()
    bench = await run(site, 300, state=state, requests=(request_,), **options)
    assert await state.requests(NAME) == []
    assert bench.metric("leakstream_dropped_total", stage="collect", reason=reason) == 1
    assert site.asked == []


async def test_a_repair_of_the_watched_leaves_the_others_out() -> None:
    site = Site()
    site.publish([comment("theirs", at=NOON + 12), comment("ours", "acme/app", at=NOON + 12)])
    watch = Watching(organisations=("acme",))
    bench = await run(site, 3600, requests=(asking(),), repair="watched", watch=watch)
    assert texts(bench) == ["ours"]
    (told,) = counted(bench)
    assert dict(told.skipped) == {"not_watched": 1}


async def test_a_repair_that_was_told_is_not_done_again_after_a_kill() -> None:
    class Killed(Exception):
        pass

    class Mortal(MemoryState):
        dead = False

        async def finish_request(self, request: Request) -> None:
            if self.dead:
                raise Killed
            await super().finish_request(request)

    site, state, producer = Site(), Mortal(), MemoryProducer()
    site.publish([comment("a", at=NOON + 12)])
    state.dead = True
    with pytest.raises(SourceCrashed):
        await run(site, 3600, state=state, producer=producer, requests=(asking(),))
    state.dead = False
    bench = await run(site, 600, now=NOON + 3 * HOUR, state=state, producer=producer)
    assert len([e for e in bench.producer.coverage if e.repairs]) == 1
    assert await state.requests(NAME) == []
    assert site.count("mirror") == 1
    # asked for anew it is done anew
    await run(site, 600, now=NOON + 4 * HOUR, state=state, producer=producer, requests=(asking(),))
    assert [e.fetched for e in bench.producer.coverage if e.repairs] == [1, 0]


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in (
        {"archive_url": "", "mirror_url": ""},
        {"archive_url": "ftp://x"},
        {"backfill_from": "2026-06-01T00:00:00Z"},
        {"backfill_from": "2026-06-02T00:00:00Z", "backfill_to": "2026-06-01T00:00:00Z"},
        {"backfill_from": "2014-06-01T00:00:00Z", "backfill_to": "2014-06-02T00:00:00Z"},
        {"backfill_from": "2026-06-01T00:00:00", "backfill_to": "2026-06-02T00:00:00Z"},
        {"events_per_second": 0},
    ):
        with pytest.raises(ValidationError):
            Settings.model_validate(wrong)
