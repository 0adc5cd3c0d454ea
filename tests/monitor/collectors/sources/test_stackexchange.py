from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from aiohttp import web
from pydantic import ValidationError

from collecting import START, Bench, MemoryProducer, MemoryState, serving
from long_run import beside, happening
from monitor.collectors.sources.stackexchange import PLUGIN, Settings
from monitor.coverage.blind import blind_intervals
from monitor.coverage.items import place_of, unpack
from monitor.simulator.clock import http_date
from monitor.simulator.faults import FaultKind
from monitor.simulator.server import Simulator

NAME = "stackexchange"


def question(number: int, active: float = -600, **more: Any) -> dict[str, Any]:
    return {
        "question_id": number,
        "title": f"title {number} &amp; more",
        "body": f"<p>text {number}</p>",
        "owner": {"user_id": 42, "display_name": "someone"},
        "creation_date": int(START - 600),
        "last_activity_date": int(START + active),
        **more,
    }


class Site:
    """The API: `listed` by method, or an answer in its place; always gzip. `wrapper` goes into every answer."""

    def __init__(self, *posts: dict[str, Any]) -> None:
        self.listed: dict[str, Any] = {"questions": list(posts), "answers": [], "comments": []}
        self.wrapper: dict[str, Any] = {"quota_max": 300, "quota_remaining": 290}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.headers: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rpartition("/")[2]
        query = dict(request.query)
        self.asked.append((method, query))
        self.headers.append(request.headers.get("Accept-Encoding", ""))
        found = self.listed[method]
        if callable(found):
            found = found()
        if isinstance(found, web.StreamResponse):
            return found
        by = "creation_date" if method == "comments" else "last_activity_date"
        since = int(query.get("min") or query.get("fromdate") or 0)
        found = sorted((post for post in found if post[by] >= since), key=lambda post: post[by])
        first = (int(query["page"]) - 1) * 100
        return packed(
            {"items": found[first : first + 100], "has_more": len(found) > first + 100, **self.wrapper}
        )


def packed(value: Any, status: int = 200) -> web.Response:
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    headers = {
        "Content-Encoding": "gzip",
        "Date": http_date(START),
    }  # its day ends as far away as at the start
    return web.Response(status=status, body=gzip.compress(body, 1), headers=headers)


async def run(
    site: Site,
    seconds: float = 100.0,
    *,
    state: MemoryState | None = None,
    producer: MemoryProducer | None = None,
    now: float = START,
    **options: Any,
) -> Bench:
    options.setdefault("methods", ("questions",))
    async with serving(site.handle) as base, Bench(state, producer) as bench:
        bench.time.now = now
        await bench.run(NAME, PLUGIN.build(Settings(base_url=f"{base}/2.3", **options), bench.tools), seconds)
        return bench


def names(producer: MemoryProducer) -> list[str]:
    return [document.id.partition("@")[0] for document in producer.documents]


async def test_a_question_becomes_a_document() -> None:
    bench = await run(Site(question(7)))
    (document,) = bench.producer.documents
    assert document.content == b"title 7 & more\ntext 7"
    assert document.id.startswith("stackoverflow/questions/7@")
    assert document.published_at == START - 600
    where = document.provenance
    assert (where.forge, where.url) == ("stackoverflow.com", "https://stackoverflow.com/q/7")
    assert (where.title, where.author, where.owner) == ("title 7 & more", "someone", "42")
    (event,) = (event for event in bench.producer.coverage if event.listed)
    assert (event.feed, event.expected, event.fetched) == ("stackoverflow/questions", 1, 1)
    assert [entry.place for entry in unpack(event.items)] == [place_of("stackoverflow.com", "42")]


async def test_what_is_asked_for() -> None:
    site = Site()
    await run(
        site,
        100,
        methods=("questions", "answers", "comments"),
        sites=("stackoverflow", "unix"),
        key="not-a-key",
    )
    assert {(method, query["site"]) for method, query in site.asked} == {
        (method, name)
        for method in ("questions", "answers", "comments")
        for name in ("stackoverflow", "unix")
    }
    for method, query in site.asked:
        assert query["filter"] == "withbody"
        assert query["pagesize"] == "100"
        assert query["key"] == "not-a-key"
        assert query["sort"] == ("creation" if method == "comments" else "activity")
        assert query["fromdate" if method == "comments" else "min"] == str(int(START - 3600 - 300))
    assert set(site.headers) == {"gzip"}


async def test_an_edit_comes_again_and_mere_activity_does_not() -> None:
    site = Site(question(7), question(8))
    state, producer = MemoryState(), MemoryProducer()
    await run(site, state=state, producer=producer)
    site.listed["questions"] = [
        question(7, 200, body="<p>now with a key</p>", last_edit_date=int(START + 200)),
        question(8, 210),
    ]
    await run(site, state=state, producer=producer, now=START + 300)
    assert names(producer) == [
        "stackoverflow/questions/7",
        "stackoverflow/questions/8",
        "stackoverflow/questions/7",
    ]
    assert producer.documents[-1].content == b"title 7 & more\nnow with a key"
    assert producer.documents[-1].id != producer.documents[0].id
    assert site.asked[-1][1]["min"] == str(int(START - 600) - 300)  # the overlap
    assert [event.overlap for event in producer.coverage] == [None, 1]


async def test_what_shows_late_is_found_within_the_overlap() -> None:
    site = Site(question(7, 0))
    state, producer = MemoryState(), MemoryProducer()
    await run(site, state=state, producer=producer)
    site.listed["questions"].append(question(8, -250))
    await run(site, state=state, producer=producer, now=START + 300)
    assert sorted(names(producer)) == ["stackoverflow/questions/7", "stackoverflow/questions/8"]


async def test_a_long_list_is_walked_by_time_and_never_by_moving_pages() -> None:
    site = Site(*(question(n, n - 3000) for n in range(1, 1200)))
    bench = await run(site, 20_000, pages=3)
    assert len(set(names(bench.producer))) == 1199 == len(bench.producer.documents)
    assert {query["page"] for _, query in site.asked} == {"1"}
    assert blind_intervals(bench.producer.coverage) == []
    assert sum(event.expected or 0 for event in bench.producer.coverage) == 1199


async def test_many_items_of_one_second_are_read_page_by_page() -> None:
    site = Site(*(question(n) for n in range(1, 451)))
    bench = await run(site, 1000)
    assert len(set(names(bench.producer))) == 450
    assert [query["page"] for _, query in site.asked][:5] == ["1", "1", "2", "3", "4"]


async def test_no_page_beyond_the_25th_without_a_key() -> None:
    site = Site(*(question(n) for n in range(1, 2801)), question(5000, -500))
    bench = await run(site, 5000, pages=30)
    assert max(int(query["page"]) for _, query in site.asked) == 25
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="over_page_limit") == 1
    assert "stackoverflow/questions/5000" in names(bench.producer)


async def test_backoff_in_a_200_is_waited_for_before_the_same_method_only() -> None:
    site = Site(*(question(n, n - 3000) for n in range(1, 500)))
    site.wrapper["backoff"] = 1000
    state = MemoryState()
    bench = await run(site, 900, state=state, methods=("questions", "answers"))
    assert [method for method, _ in site.asked] == ["questions", "answers"]
    assert len(bench.producer.documents) == 100
    # a restart remembers
    await run(site, 95, state=state, now=START + 900, methods=("questions", "answers"))
    assert len(site.asked) == 2
    await run(site, 100, state=state, now=START + 1000, methods=("questions", "answers"))
    assert len(site.asked) > 2


async def test_the_quota_is_spread_over_the_day() -> None:
    site = Site()
    left = 86_400 - START % 86_400
    site.wrapper["quota_remaining"] = 50
    await run(site, 20_000, methods=("questions", "answers"))
    pace = left / 50
    assert 0.9 * 20_000 / pace <= len(site.asked) <= 20_000 / pace


async def test_a_used_up_quota_is_waited_out() -> None:
    site = Site(question(7))
    site.wrapper["quota_remaining"] = 0
    left = 86_400 - START % 86_400
    async with serving(site.handle) as base, Bench() as bench:
        source = PLUGIN.build(Settings(base_url=f"{base}/2.3", methods=("questions", "answers")), bench.tools)
        service = await bench.run(NAME, source, left - 10)
        assert len(site.asked) == 1
        assert service.troubled == {NAME: "limited"}
        site.wrapper["quota_remaining"] = 300
        await bench.run(NAME, source, 500)
        assert len(site.asked) > 1


async def test_a_throttle_violation_is_obeyed_and_remembered() -> None:
    site = Site(question(7))
    told = {
        "error_id": 502,
        "error_name": "throttle_violation",
        "error_message": "too many requests from this IP, more requests available in 5000 seconds",
    }
    site.listed["questions"] = lambda: packed(told, 400)
    state, producer = MemoryState(), MemoryProducer()
    bench = await run(site, 2000, state=state, producer=producer, methods=("questions", "answers"))
    assert len(site.asked) == 1
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    await run(site, 2900, state=state, producer=producer, now=START + 2000, methods=("questions", "answers"))
    assert len(site.asked) == 1
    site.listed["questions"] = [question(7)]
    await run(site, 400, state=state, producer=producer, now=START + 5000, methods=("questions", "answers"))
    assert names(producer) == ["stackoverflow/questions/7"]


async def test_no_request_is_repeated_within_a_minute() -> None:
    site = Site(question(7))
    times: list[tuple[float, str]] = []
    state = MemoryState()
    async with Bench(state) as bench:

        async def handle(request: web.Request) -> web.StreamResponse:
            times.append((bench.time.now, request.path_qs))
            return web.Response(status=500) if len(times) % 3 == 1 else await site.handle(request)

        async with serving(handle) as base:
            for _ in range(20):  # restarts in between
                settings = Settings(base_url=f"{base}/2.3", poll_seconds=61, key="k", methods=("questions",))
                await bench.run(NAME, PLUGIN.build(settings, bench.tools), 50)
    assert len(times) >= 5
    last: dict[str, float] = {}
    for at, asked in times:
        assert at - last.get(asked, 0.0) > 60, asked
        last[asked] = at


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: packed({"error_id": 400, "error_name": "bad_parameter"}, 400), "bad_parameter"),
        (lambda: packed({"error_id": 403, "error_name": "access_denied"}, 400), "access_denied"),
        (lambda: packed({"error_id": 500, "error_name": "internal_error"}, 400), "server_error"),
        (lambda: packed(b"<html>", 400), "refused"),
        (lambda: packed({"items": {}}), "bad_shape"),
        (lambda: packed({"items": None, "has_more": True}), "bad_shape"),
        (lambda: packed({"items": [None], "has_more": True}), "bad_shape"),
        (lambda: packed([]), "bad_shape"),
        (lambda: packed(b"null"), "bad_shape"),
        (lambda: packed(b"[" * 100_000), "bad_shape"),
        (
            lambda: packed({"items": [question(7, 0), question(8, -500)], "has_more": False}),
            "bad_shape",
        ),  # not in order
        (lambda: packed(b" " * 20_000_000), "too_large"),
        (lambda: web.Response(body=b"not gzip", headers={"Content-Encoding": "gzip"}), "bad_encoding"),
        (lambda: web.Response(status=502, text="<html>"), "server_error"),
    ],
)
async def test_a_bad_answer_is_told_and_loses_nothing(
    answer: Callable[[], web.Response], reason: str
) -> None:
    site = Site()
    site.listed["questions"] = answer
    async with serving(site.handle) as base, Bench() as bench:
        source = PLUGIN.build(Settings(base_url=f"{base}/2.3", methods=("questions",)), bench.tools)
        service = await bench.run(NAME, source, 50)
        assert service.troubled == {NAME: reason}
        site.listed["questions"] = [question(7), question(8, -500)]
        service = await bench.run(NAME, source, 3000)
        assert service.troubled == {}
        assert names(bench.producer) == ["stackoverflow/questions/7", "stackoverflow/questions/8"]


async def test_one_list_in_trouble_holds_up_no_other_and_stays_told() -> None:
    site = Site()
    site.listed["questions"] = lambda: packed({"error_id": 400}, 400)
    site.listed["answers"] = [
        {"answer_id": 9, "body": "x", "creation_date": int(START), "last_activity_date": int(START)}
    ]
    async with serving(site.handle) as base, Bench() as bench:
        source = PLUGIN.build(Settings(base_url=f"{base}/2.3", methods=("questions", "answers")), bench.tools)
        service = await bench.run(NAME, source, 3000)
        assert names(bench.producer) == ["stackoverflow/answers/9"]
        assert service.troubled == {NAME: "bad_parameter"}


async def test_bad_items_and_empty_ones_are_counted() -> None:
    site = Site(question(7))
    site.listed["questions"] = lambda: packed(
        {"items": [None, {}, question(7), question(8, title="", body="")], "has_more": False}
    )
    bench = await run(site, 1000)  # listed several times
    assert names(bench.producer) == ["stackoverflow/questions/7"]
    assert (
        bench.metric("leakstream_dropped_total", stage="collect", reason="bad_post")
        == 2 * len(site.asked)
        > 4
    )
    assert bench.producer.skipped() == {"empty": 1}


async def test_an_item_without_its_time_is_read_and_holds_up_no_walk() -> None:
    site = Site()
    timeless = question(8)
    del timeless["last_activity_date"]
    site.listed["questions"] = lambda: packed(
        {"items": [question(7, -100), timeless, question(9, -50)], "has_more": False}
    )
    bench = await run(site, sites=("stackoverflow", "stackoverflow"))
    assert names(bench.producer) == [f"stackoverflow/questions/{number}" for number in (7, 8, 9)]


async def test_what_the_store_forgot_comes_again_with_the_same_ids() -> None:
    site, producer = Site(question(7), question(8)), MemoryProducer()
    await run(site, producer=producer)
    await run(site, producer=producer, now=START + 100)
    first = [document.id for document in producer.documents]
    assert first[:2] == first[2:]


def test_settings(tmp_path: Any) -> None:
    for wrong in (
        {"poll_seconds": 30}, {"sites": []}, {"sites": ["a/b"]}, {"sites": ["A&key=x"]}, {"methods": ["users"]}, {"base_url": "x"},
        {"key": "a", "key_file": "/b"},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            Settings.model_validate(wrong)
    (tmp_path / "key").write_text("abc\n")
    (tmp_path / "none").write_text("\n")
    assert Settings(key_file=tmp_path / "key").secret() == "abc"
    assert Settings().secret() == ""
    with pytest.raises(ValueError, match="no key"):
        Settings(key_file=tmp_path / "none").secret()


# -- against the fake


def source(bench: Bench, simulator: Simulator, **options: Any) -> Any:
    return PLUGIN.build(Settings(base_url=f"{simulator.site_url(NAME)}/2.3", **options), bench.tools)


def missing(bench: Bench, simulator: Simulator) -> set[bytes]:
    text = b"\n".join(document.content for document in bench.producer.documents)
    planted = {place.secret for place in simulator.truth if place.source == NAME}
    assert len(planted) > 20
    return {secret for secret in planted if secret not in text}


@pytest.mark.parametrize("key", ["", "not-a-key"])
async def test_two_hours_beside_the_fake_find_everything_and_break_no_rule(key: str) -> None:
    sites = ("stackoverflow", "unix")
    config = {NAME: {"sites": sites, "keys": ("not-a-key",), "backoff_every": 4, "backoff": 90}}
    async with beside(sites=config, seed=11) as (bench, simulator):
        _, site = simulator.sites[NAME]

        def happen(at: float) -> None:
            if at % 60 < 4:
                simulator.publisher.leak(at, kind=NAME)
            site.publish(at, None, "")

        end = happening(bench, happen, every=4.0)
        options: dict[str, Any] = {"sites": sites, "key": key} if key else {"sites": sites}
        for _ in range(4):  # with restarts in between
            await bench.run(NAME, source(bench, simulator, **options), 1800)
        end()
        await bench.run(NAME, source(bench, simulator, **options), 7200)
        assert missing(bench, simulator) == set()
        assert simulator.journal.violations == []
        assert (
            len({document.id for document in bench.producer.documents})
            == len(bench.producer.documents)
            > 1500
        )
        for event in bench.producer.coverage:
            assert event.listed == (event.overlap or 0) + event.fetched + sum(event.skipped.values())


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.STATUS, FaultKind.CLOSE, FaultKind.TRUNCATED, FaultKind.RUBBISH, FaultKind.WRONG_TYPE, FaultKind.EMPTY,
        FaultKind.REDIRECT_LOOP, FaultKind.GZIP_BOMB,
    ],
)  # fmt: skip
async def test_hostile_answers_lose_nothing_and_are_told(kind: FaultKind) -> None:
    async with beside(sites={NAME: {"keys": ("k",)}}, seed=3) as (bench, simulator):
        for _ in range(60):
            simulator.publisher.leak(START, kind=NAME)
        simulator.faults.add(kind, f"{NAME}.*", until=START + 1000, size=20 * 1024 * 1024)
        service = await bench.run(NAME, source(bench, simulator, key="k"), 900)
        assert bench.producer.documents == []
        assert list(service.troubled) == [NAME]
        simulator.faults.add(kind, f"{NAME}.*", probability=0.3, until=START + 2500, size=20 * 1024 * 1024)
        service = await bench.run(NAME, source(bench, simulator, key="k"), 10_000)
        assert missing(bench, simulator) == set()
        assert service.troubled == {}
        assert simulator.journal.violations == []


async def test_a_server_that_hangs_is_left_and_asked_again_after_a_minute() -> None:
    async with beside(sites={NAME: {"late": 0.0}}, seed=3) as (bench, simulator):
        bench.http._timeout, bench.http._idle = 0.3, 0.2
        for _ in range(30):
            simulator.publisher.leak(START, kind=NAME)
        simulator.faults.add(FaultKind.HANG, f"{NAME}.*", times=3, seconds=2.0)
        service = await bench.run(NAME, source(bench, simulator), 50)
        assert service.troubled == {NAME: "timeout"}
        service = await bench.run(NAME, source(bench, simulator), 3600)
        assert missing(bench, simulator) == set()
        assert service.troubled == {}
        assert simulator.journal.violations == []
