from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from pydantic import ValidationError

from collecting import START, Bench, MemoryProducer, MemoryState, reply, serving
from long_run import beside, happening
from monitor.collectors.hackernews.idwalk import IdWalk
from monitor.collectors.sources.hackernews import PLUGIN, Settings
from monitor.coverage.blind import blind_intervals
from monitor.coverage.items import Outcome, place_of, unpack
from monitor.simulator.faults import FaultKind
from monitor.simulator.server import Simulator

NAME = "hackernews"
RECORDED = Path(__file__).parents[5] / "shared" / "payloads" / "hackernews"
DAY = 24 * 3600


def comment(number: int, text: str | None = None, **more: Any) -> dict[str, Any]:
    words = f"text {number}" if text is None else text
    return {"id": number, "type": "comment", "by": "someone", "time": int(START) - 60, "text": words, **more}


class Site:
    """The API: `items` by id (an answer, or what makes one), `changed` for /updates."""

    def __init__(self, last: int = 0) -> None:
        self.items: dict[int, Any] = {number: comment(number) for number in range(1, last + 1)}
        self.last: Any = last
        self.changed: Any = []
        self.asked: list[str] = []
        self.running = self.most = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/v0/").removesuffix(".json")
        self.asked.append(path)
        if path == "maxitem":
            return self.answer(self.last)
        if path == "updates":
            return self.answer({"items": self.changed, "profiles": ["someone"]})
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.001)
        self.running -= 1
        found = self.items.get(int(path.removeprefix("item/")))
        return self.answer(found() if isinstance(found, Callable) else found)  # type: ignore[arg-type]

    def answer(self, value: Any) -> web.StreamResponse:
        return value if isinstance(value, web.StreamResponse) else reply(value)


async def run(
    site: Site,
    seconds: float = 29.0,
    *,
    state: MemoryState | None = None,
    producer: MemoryProducer | None = None,
    now: float = START,
    **options: Any,
) -> Bench:
    async with serving(site.handle) as base, Bench(state, producer) as bench:
        bench.time.now = now
        await bench.run(NAME, PLUGIN.build(Settings(base_url=base, **options), bench.tools), seconds)
        return bench


def ids(producer: MemoryProducer) -> list[int]:
    return sorted(int(document.id.partition("@")[0]) for document in producer.documents)


async def test_an_item_becomes_a_document() -> None:
    site = Site()
    site.items[1] = {
        "id": 1, "type": "story", "by": "someone", "time": int(START) - 60, "title": "A &amp; B", "text": "<p>key=1&#x2F;2",
    }  # fmt: skip
    site.last = 1
    bench = await run(site)
    (document,) = bench.producer.documents
    assert document.content == b"A & B\nkey=1/2"
    assert document.id.startswith("1@")
    assert document.published_at == START - 60
    where = document.provenance
    assert (where.forge, where.url) == ("news.ycombinator.com", "https://news.ycombinator.com/item?id=1")
    assert (where.title, where.author, where.owner) == ("A & B", "someone", "someone")


async def test_the_first_start_begins_a_number_of_items_back() -> None:
    site = Site(40)
    bench = await run(site, first_items=5)
    assert ids(bench.producer) == [36, 37, 38, 39, 40]


async def test_every_id_is_walked_however_rarely_it_looks() -> None:
    site = Site(3)
    state, producer = MemoryState(), MemoryProducer()
    await run(site, state=state, producer=producer)
    site.items.update((number, comment(number)) for number in range(4, 301))
    site.last = 300
    await run(site, 60, state=state, producer=producer, now=START + 3 * DAY)
    assert ids(producer) == list(range(1, 301))
    assert sum(event.expected or 0 for event in producer.coverage if not event.feed) == 300
    assert sum(event.fetched for event in producer.coverage) == 300


async def test_the_walk_is_told_as_complete() -> None:
    bench = await run(Site(120), 100)
    walked = [event for event in bench.producer.coverage if not event.feed]
    assert all(event.overlap == 0 and not event.full and not event.blind for event in walked)
    assert [event.since for event in walked[1:]] == [event.until for event in walked[:-1]]
    assert bench.metric("leakstream_capture_ratio", source=NAME) == 1.0
    assert blind_intervals(bench.producer.coverage) == []


async def test_requests_are_few_at_a_time_and_few_a_second() -> None:
    site = Site(100)
    bench = await run(site, 29, concurrency=3, requests_per_second=5)
    assert 1 <= site.most <= 3
    assert len(site.asked) <= 29 * 5 + 3
    assert len(ids(bench.producer)) == 100


async def test_null_is_asked_again_with_growing_pauses_until_it_is_there() -> None:
    site = Site(5)
    site.items[3] = None
    state, producer = MemoryState(), MemoryProducer()
    await run(site, 200, state=state, producer=producer)
    assert ids(producer) == [1, 2, 4, 5]
    before = site.asked.count("item/3")
    assert 3 <= before <= 5
    site.items[3] = comment(3)
    await run(site, 600, state=state, producer=producer, now=START + 200)
    assert ids(producer) == [1, 2, 3, 4, 5]
    assert producer.skipped() == {}
    asked = site.asked.count("item/3")
    await run(site, 600, state=state, producer=producer, now=START + 800)
    assert site.asked.count("item/3") == asked


async def test_what_stays_null_is_counted_as_gone() -> None:
    site = Site(5)
    site.items[3] = None
    bench = await run(site, 2 * DAY, poll_seconds=600, edits=False)
    assert bench.producer.skipped() == {"gone": 1}
    assert site.asked.count("item/3") == 1 + 13  # at the very first look the newest ten must show themselves
    listed = sum(event.listed for event in bench.producer.coverage)
    assert listed == 5 == sum(event.fetched for event in bench.producer.coverage) + 1


async def test_what_has_no_text_is_counted() -> None:
    site = Site(5)
    site.items[2] = {"id": 2, "deleted": True, "type": "comment", "time": int(START)}
    site.items[3] = {"id": 3, "dead": True, "type": "story", "by": "someone", "time": int(START)}
    site.items[4] = {"id": 4, "type": "comment", "by": "someone", "time": int(START), "text": ""}
    bench = await run(site)
    assert bench.producer.skipped() == {"deleted": 1, "dead": 1, "empty": 1}
    assert ids(bench.producer) == [1, 5]
    (event,) = (event for event in bench.producer.coverage if event.listed and not event.feed)
    assert event.listed == event.fetched + sum(event.skipped.values())
    outcomes = {
        entry.outcome
        for entry in unpack(event.items)
        if entry.place == place_of("news.ycombinator.com", "Someone")
    }
    assert outcomes == {Outcome.FETCHED, Outcome.SKIPPED}


async def test_an_edited_item_is_read_again_and_an_unchanged_one_is_no_news() -> None:
    site = Site(5)
    state, producer = MemoryState(), MemoryProducer()
    await run(site, state=state, producer=producer)
    site.items[2] = comment(2, "text 2<p>EDIT: key=abc")
    site.items[4] = comment(4, kids=[5], score=3)
    site.changed = [2, 4, 2, 99, -1, None, "x"]
    await run(site, state=state, producer=producer, now=START + 60)
    assert ids(producer) == [1, 2, 2, 3, 4, 5]
    first, second = (document for document in producer.documents if document.id.startswith("2@"))
    assert first.id != second.id
    assert second.content == b"text 2\nEDIT: key=abc"
    told = [event for event in producer.coverage if event.feed == "updates"][-1]
    assert (told.listed, told.fetched, told.overlap) == (2, 1, 1)
    assert producer.skipped() == {}


async def test_what_is_deleted_later_is_counted_once_however_often_it_is_listed() -> None:
    site = Site(5)
    state, producer = MemoryState(), MemoryProducer()
    await run(site, state=state, producer=producer)
    site.items[2] = {"id": 2, "deleted": True, "type": "comment", "time": int(START)}
    site.changed = [2]
    await run(site, 300, state=state, producer=producer, now=START + 60)
    assert producer.skipped() == {"deleted": 1}
    told = [event for event in producer.coverage if event.feed == "updates" and event.listed]
    assert len(told) > 3
    assert sum(event.expected or 0 for event in told) == 1


async def test_edits_that_nobody_looked_for_are_told_as_a_gap_and_then_repaired() -> None:
    site = Site(60)
    state, producer = MemoryState(), MemoryProducer()
    await run(site, 120, state=state, producer=producer, first_items=20)
    site.items.update((number, comment(number)) for number in range(61, 111))
    site.last = 110
    await run(site, 1300, state=state, producer=producer, now=START + 120)
    # while nobody looks one is edited, and the list of changes has forgotten it when somebody does
    site.items[80] = comment(80, "text 80<p>EDIT: key=abc")
    site.items[50] = comment(50, "text 50<p>EDIT: key=def")
    site.items.update((number, comment(number)) for number in range(111, 121))
    site.last = 120
    await run(site, 200, state=state, producer=producer, now=START + 3600)
    found = [document.content for document in producer.documents]
    assert {b"text 80\nEDIT: key=abc", b"text 50\nEDIT: key=def"} <= set(found)
    (gap,) = (event for event in producer.coverage if event.blind)
    assert (gap.feed, gap.blind) == ("updates", "gap")
    assert 2000 < gap.until - gap.since < 3000
    (interval,) = blind_intervals(producer.coverage)
    assert (interval.feed, interval.repaired_by) == ("updates", NAME)
    assert all((event.expected or 0) >= 0 for event in producer.coverage)
    asked = len(site.asked)
    await run(site, 60, state=state, producer=producer, now=START + 3800)
    assert len(site.asked) < asked + 10  # once


async def test_trouble_with_the_list_of_changes_stops_no_walk() -> None:
    site = Site(5)

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500) if "updates" in request.path else await site.handle(request)

    async with serving(handle) as base, Bench() as bench:
        source = PLUGIN.build(Settings(base_url=base), bench.tools)
        service = await bench.run(NAME, source, 120)
        assert ids(bench.producer) == [1, 2, 3, 4, 5]
        assert service.troubled == {}


async def test_edits_can_be_left_out() -> None:
    site = Site(5)
    await run(site, edits=False)
    assert "updates" not in site.asked


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=500, text="<html>"),
        lambda: web.Response(status=404),
        lambda: web.Response(status=302, headers={"Location": "/v0/item/3.json"}),
        lambda: web.Response(body=b"[" * 100_000),
        lambda: web.Response(body=b'{"a":' * 100 + b"1" + b"}" * 100),
        lambda: web.Response(text="<html>Just a moment...</html>", content_type="text/html"),
        lambda: web.Response(body=b" " * 3_000_000),
        lambda: web.Response(body=b""),
        lambda: reply(comment(4)),  # another's
        lambda: reply([]),
    ],
)
async def test_one_item_that_is_answered_badly_waits_and_holds_nobody_up(
    answer: Callable[[], web.Response],
) -> None:
    site = Site(5)
    site.items[3] = answer
    state, producer = MemoryState(), MemoryProducer()
    await run(site, 60, state=state, producer=producer)
    assert ids(producer) == [1, 2, 4, 5]
    assert producer.skipped() == {}
    site.items[3] = comment(3)
    await run(site, 1000, state=state, producer=producer, now=START + 60)
    assert ids(producer) == [1, 2, 3, 4, 5]


async def test_an_item_that_never_works_is_counted_with_its_reason_and_makes_nothing_blind() -> None:
    site = Site(5)
    site.items[3] = lambda: web.Response(status=500)
    async with serving(site.handle) as base, Bench() as bench:
        source = PLUGIN.build(Settings(base_url=base, poll_seconds=600, edits=False), bench.tools)
        service = await bench.run(NAME, source, 2 * DAY)
        assert bench.producer.skipped() == {"server_error": 1}
        assert service.troubled == {}


@pytest.mark.parametrize("value", [None, "x", -5, 0, 1.5, {}, [], True])
async def test_a_newest_id_that_is_none_is_trouble(value: Any) -> None:
    site = Site(5)
    site.last = value
    async with serving(site.handle) as base, Bench() as bench:
        service = await bench.run(NAME, PLUGIN.build(Settings(base_url=base), bench.tools), 60)
        assert service.troubled == {NAME: "bad_shape"}
        assert bench.producer.documents == []


async def test_a_newest_id_far_ahead_is_not_believed_unless_it_can_be_seen() -> None:
    site = Site(5)
    state, producer = MemoryState(), MemoryProducer()
    await run(site, state=state, producer=producer)
    site.last = 10**15
    bench = await run(site, 60, state=state, producer=producer, now=START + 60)
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    site.items[6], site.last = comment(6), 6
    await run(site, 600, state=state, producer=producer, now=START + 120)
    assert ids(producer) == [1, 2, 3, 4, 5, 6]


async def test_an_older_newest_id_turns_nothing_back() -> None:
    site = Site(5)
    state, producer = MemoryState(), MemoryProducer()
    await run(site, state=state, producer=producer)
    asked = site.asked.count("item/5")
    site.last = 3
    await run(site, 60, state=state, producer=producer, now=START + 60)
    site.items[6], site.last = comment(6), 6
    await run(site, 60, state=state, producer=producer, now=START + 120)
    assert ids(producer) == [1, 2, 3, 4, 5, 6]
    assert site.asked.count("item/5") == asked


async def test_a_storm_of_nulls_stops_the_walk_and_loses_nothing() -> None:
    site = Site(400)
    there = dict(site.items)
    site.items.update(dict.fromkeys(range(20, 390)))
    state, producer = MemoryState(), MemoryProducer()
    async with serving(site.handle) as base, Bench(state, producer) as bench:
        source = PLUGIN.build(Settings(base_url=base, requests_per_second=30, edits=False), bench.tools)
        source._walk = IdWalk(room=100)
        service = await bench.run(NAME, source, 600)
        assert service.troubled == {NAME: "too_many_missing"}
        assert producer.skipped() == {}
        assert max(ids(producer)) < 200
        site.items = there
        service = await bench.run(NAME, source, 3600)
        assert ids(producer) == list(range(1, 401))
        assert service.troubled == {}


async def test_a_limit_is_obeyed() -> None:
    site = Site(5)
    limited = web.Response(status=429, headers={"Retry-After": "500"})

    async def handle(request: web.Request) -> web.StreamResponse:
        if len(site.asked) < 3:
            return await site.handle(request)
        site.asked.append(request.path)
        return web.Response(status=429, headers={"Retry-After": "500"})

    async with serving(handle) as base, Bench() as bench:
        service = await bench.run(
            NAME, PLUGIN.build(Settings(base_url=base, concurrency=1), bench.tools), 450
        )
        assert len(site.asked) == 4
        assert service.troubled == {NAME: "limited"}
        assert limited.status == 429


async def test_a_restart_in_the_middle_loses_nothing_and_repeats_nothing() -> None:
    site = Site(200)
    site.items[7] = None
    state, producer = MemoryState(), MemoryProducer()
    now, runs = START, 0
    while len(ids(producer)) < 199 and runs < 50:
        await run(site, 7, state=state, producer=producer, now=now, requests_per_second=5)
        now, runs = now + 7, runs + 1
    assert 3 < runs < 50
    site.items[7] = comment(7)
    await run(site, 1000, state=state, producer=producer, now=now)
    assert ids(producer) == list(range(1, 201))


async def test_what_the_bus_did_not_take_comes_again_with_the_same_ids() -> None:
    class Dying(MemoryState):
        """Forgets what it is told: as a kill between the bus and the store."""

        async def save_cursor(self, source: str, value: str, name: str = "") -> None: ...

        async def mark_seen(self, source: str, keys: Any) -> None: ...

    site, producer = Site(30), MemoryProducer()
    await run(site, state=Dying(), producer=producer)
    first = {document.id for document in producer.documents}
    await run(site, producer=producer, now=START + 60)
    assert len(producer.documents) == 60
    assert {document.id for document in producer.documents} == first


def test_settings() -> None:
    for wrong in (
        {"requests_per_second": 31},
        {"concurrency": 17},
        {"poll_seconds": 0.5},
        {"base_url": "x"},
        {"y": 1},
    ):
        with pytest.raises(ValidationError):
            Settings.model_validate(wrong)
    assert Settings().base_url == "https://hacker-news.firebaseio.com"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded payloads are not here")
async def test_the_recorded_answers_are_understood() -> None:
    site = Site()
    for path in RECORDED.glob("item-*.json"):
        raw = orjson.loads(path.read_bytes())
        site.items[raw["id"]] = raw
    site.last = orjson.loads((RECORDED / "maxitem.json").read_bytes())
    site.items[site.last] = comment(site.last)
    site.changed = [*orjson.loads((RECORDED / "updates.json").read_bytes())["items"], *site.items]
    bench = await run(site, first_items=1)
    assert set(site.items) == set(ids(bench.producer))
    assert bench.metric("leakstream_source_blind", source=NAME) == 0


# -- against the fake


def missing(bench: Bench, simulator: Simulator) -> set[bytes]:
    text = b"\n".join(document.content for document in bench.producer.documents)
    planted = {place.secret for place in simulator.truth if place.source == NAME}
    assert len(planted) > 5
    return {secret for secret in planted if secret not in text}


def source(bench: Bench, simulator: Simulator, **options: Any) -> Any:
    return PLUGIN.build(Settings(base_url=simulator.site_url(NAME), **options), bench.tools)


async def test_two_hours_beside_the_fake_find_everything_and_break_no_rule() -> None:
    async with beside(sites={NAME: {}}, seed=11) as (bench, simulator):
        _, site = simulator.sites[NAME]

        def happen(at: float) -> None:
            if at % 60 < 6:
                simulator.publisher.leak(at, kind=NAME)
            site.publish(at, None, "")

        end = happening(bench, happen, every=6.0)
        await bench.run(NAME, source(bench, simulator, first_items=0), 7200)
        end()
        await bench.run(NAME, source(bench, simulator), 3600)
        assert missing(bench, simulator) == set()
        assert simulator.journal.violations == []
        walked = [event for event in bench.producer.coverage if not event.feed]
        known = {
            int(number) for number in (document.id.partition("@")[0] for document in bench.producer.documents)
        }
        assert sum(event.expected or 0 for event in walked) >= 1200
        waiting = sum(event.expected or 0 for event in walked) - sum(
            event.fetched + sum(event.skipped.values()) for event in walked
        )
        assert 0 <= waiting < 30
        assert len(known) > 1000


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.STATUS, FaultKind.CLOSE, FaultKind.TRUNCATED, FaultKind.RUBBISH, FaultKind.WRONG_TYPE, FaultKind.EMPTY,
        FaultKind.REDIRECT_LOOP, FaultKind.GZIP_BOMB,
    ],
)  # fmt: skip
async def test_hostile_answers_lose_nothing_and_are_told(kind: FaultKind) -> None:
    async with beside(sites={NAME: {"gone": 0.0}}, seed=3) as (bench, simulator):
        for _ in range(30):
            simulator.publisher.leak(START, kind=NAME)
        simulator.faults.add(kind, f"{NAME}.*", until=START + 100, size=3 * 1024 * 1024)
        service = await bench.run(NAME, source(bench, simulator), 90)
        assert bench.producer.documents == []
        assert list(service.troubled) == [NAME]
        simulator.faults.add(kind, f"{NAME}.*", probability=0.2, until=START + 300, size=3 * 1024 * 1024)
        service = await bench.run(NAME, source(bench, simulator), 7200)
        assert missing(bench, simulator) == set()
        assert service.troubled == {}
        assert simulator.journal.violations == []


async def test_a_server_that_hangs_is_left_and_asked_again() -> None:
    async with beside(sites={NAME: {"null": 0.0, "gone": 0.0}}, seed=3) as (bench, simulator):
        bench.http._timeout, bench.http._idle = 0.3, 0.2
        for _ in range(10):
            simulator.publisher.leak(START, kind=NAME)
        simulator.faults.add(FaultKind.HANG, f"{NAME}.*", times=8, seconds=2.0)
        service = await bench.run(NAME, source(bench, simulator), 1200)
        assert missing(bench, simulator) == set()
        assert service.troubled == {}
