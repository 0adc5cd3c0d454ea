"""The declarative source: from a TOML text to what reaches the bus, against the simulator's sites and against hostile servers."""

from __future__ import annotations

import asyncio
import gzip
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from aiohttp import web

from collecting import START, Bench, MemoryProducer, MemoryState, raw_serving, serving
from made_up import made_up
from monitor.collectors.sources import pastes
from monitor.config import ConfigError, load
from monitor.coverage.items import Outcome, place_of, unpack
from monitor.simulator.faults import FaultKind
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator, SimulatorConfig
from together import TogetherBench

NAME = "pastes"
CONFIG = """
[sources.pastes.sites.j]
list_url = "ROOT/json/api/recent"
kind = "json"
items = "data.pastes"
id = "key"
title = "title"
author = "meta.user"
date = "meta.created"
date_format = "epoch"
size = "size"
item_url = "{origin}/pastes/json/raw/{id}"
error_texts = [{text = "not ready yet", retry = true}, {text = "has been removed"}]

[sources.pastes.sites.h]
list_url = "ROOT/html/recent"
kind = "html"
items = "table.recent tr"
id = "a.t@href"
id_pattern = '/p/([A-Za-z0-9]+)$'
url = "a.t@href"
title = "a.t"
author = "td:nth-child(2)"
date = "time@datetime"
item_kind = "html"
text = "pre#code"
error_texts = [{text = "not ready yet", retry = true}, {text = "has been removed"}]

[sources.pastes.sites.a]
recipe = "feed"
list_url = "ROOT/atom/feed.xml"
poll_seconds = 60
"""


@asynccontextmanager
async def world(**config: Any) -> AsyncIterator[tuple[Bench, Simulator]]:
    options = config.pop("options", {})
    async with TogetherBench() as bench:
        simulator = Simulator(
            SimulatorConfig(sites={NAME: options}, **config), maker=made_up, clock=bench.time
        )
        await simulator.start()
        try:
            yield bench, simulator
        finally:
            await simulator.stop()


def settings(text: str = CONFIG, root: str = "http://127.0.0.1:1") -> pastes.Settings:
    return pastes.Settings.model_validate(tomllib.loads(text.replace("ROOT", root))["sources"]["pastes"])


def build(bench: Bench, simulator: Simulator, text: str = CONFIG) -> pastes.Pastes:
    return pastes.PLUGIN.build(settings(text, simulator.site_url(NAME)), bench.tools)


def one(base: str, **other: Any) -> pastes.Settings:
    site = {"list_url": f"{base}/list", "kind": "json", "id": "id", "item_url": "{origin}/raw/{id}", **other}
    return pastes.Settings.model_validate({"sites": {"one": site}})


def found(bench: Bench) -> bytes:
    return b"\n".join(d.content for d in bench.producer.documents)


async def test_a_site_is_added_by_configuration_alone(tmp_path: Any) -> None:
    """Bar 6: a TOML text is all that it takes."""
    async with world(seed=2) as (bench, simulator):
        file = tmp_path / "leakstream.toml"
        file.write_text(CONFIG.replace("ROOT", simulator.site_url(NAME)))
        config = load(file, sections={}, sources={NAME: pastes.Settings}, notifiers={}, environment={})
        for _ in range(9):
            simulator.publisher.leak(bench.time.now, kind=NAME)
        await bench.run(NAME, pastes.PLUGIN.build(config.sources[NAME], bench.tools), 900)
        planted = {p.secret: p for p in simulator.truth}
        assert len(planted) == 9
        assert {secret for secret in planted if secret not in found(bench)} == set()
        by_site = {d.id.partition(":")[0]: d for d in bench.producer.documents}
        assert set(by_site) == {"j", "h", "a"}
        for document in by_site.values():
            assert document.provenance.forge == "127.0.0.1"
            assert "\u2013 naïve <" in document.provenance.title  # of three charsets
            assert document.published_at == START
            assert document.provenance.url.startswith(simulator.site_url(NAME))


async def test_two_hours_without_a_violation_and_everything_is_found() -> None:
    async with world(seed=4, mix=Mix(leaks=0.5), options={"limit_every": 40}) as (bench, simulator):
        source = build(bench, simulator)
        end = START + 7200
        while bench.time.now < end:
            for _ in range(12):
                simulator.sites[NAME][1].publish(bench.time.now, made_up(simulator.world.rng), "")
                simulator.sites[NAME][1].publish(bench.time.now, None, "")
            await bench.run(NAME, source, 300)
        await bench.run(NAME, source, 600)
        assert simulator.journal.violations == []
        assert sum(n for (_, status), n in simulator.journal.counts.items() if status == 429) >= 3
        text = found(bench)
        assert len(simulator.truth) > 200
        assert [p.document for p in simulator.truth if p.secret not in text] == []
        ids = [d.id for d in bench.producer.documents]
        assert len(ids) == len(set(ids))


async def test_the_ledger_adds_up() -> None:
    async with world(seed=8, options={"gone": 0.3, "limit_every": 0}) as (bench, simulator):
        for _ in range(60):
            simulator.sites[NAME][1].publish(bench.time.now, None, "")
        await bench.run(NAME, build(bench, simulator), 400)
        for feed in ("j", "h", "a"):
            told = [e for e in bench.producer.coverage if e.feed == feed]
            new = sum(e.expected or 0 for e in told if e.listed)
            fetched, skipped = sum(e.fetched for e in told), sum(sum(e.skipped.values()) for e in told)
            assert (new, fetched + skipped) == (20, 20)
        assert set(bench.producer.skipped()) == {"error_text"}
        owner = next(d.provenance.owner for d in bench.producer.documents if d.provenance.owner)
        items = [i for e in bench.producer.coverage for i in unpack(e.items)]
        mine = {i.outcome for i in items if i.place == place_of("127.0.0.1", owner)}
        assert {Outcome.LISTED, Outcome.FETCHED} <= mine


async def test_an_unchanged_list_costs_nothing() -> None:
    async with world(seed=8, options={"not_ready": 0, "gone": 0}) as (bench, simulator):
        simulator.publish(200)
        await bench.run(NAME, build(bench, simulator), 900)
        assert simulator.journal.counts["pastes.json_list", 304] >= 3
        assert simulator.journal.counts["pastes.atom_list", 304] >= 3
        assert (
            bench.metric("leakstream_dropped_total", stage="collect", reason="bad_paste") == 1
        )  # without an id


async def test_a_restart_loses_nothing_and_keeps_the_ids() -> None:
    state, producer = MemoryState(), MemoryProducer()
    async with world(seed=5, options={"limit_every": 0}) as (bench, simulator):
        bench.state, bench.producer = state, producer
        for _ in range(60):
            simulator.sites[NAME][1].publish(bench.time.now, made_up(simulator.world.rng), "")
        await bench.run(NAME, build(bench, simulator), 12)  # stopped amid its work
        before = {d.id: d.content for d in producer.documents}
        assert 0 < len(before) < 60
        await bench.run(NAME, build(bench, simulator), 300)
        text = found(bench)
        assert all(p.secret in text for p in simulator.truth)
        ids = [d.id for d in producer.documents]
        assert len(ids) == len(set(ids)) == 60


async def test_a_storm_of_faults_loses_nothing() -> None:
    async with world(seed=6, options={"limit_every": 0}) as (bench, simulator):
        for kind in (FaultKind.CLOSE, FaultKind.TRUNCATED, FaultKind.RUBBISH, FaultKind.EMPTY):
            simulator.faults.add(kind, "pastes.*list", probability=0.15)
        for kind in (FaultKind.CLOSE, FaultKind.TRUNCATED):
            simulator.faults.add(kind, "pastes.*item", probability=0.1)
        for _ in range(45):
            simulator.sites[NAME][1].publish(bench.time.now, made_up(simulator.world.rng), "")
        await bench.run(NAME, build(bench, simulator), 3600)
        text = found(bench)
        assert [p.document for p in simulator.truth if p.secret not in text] == []
        assert any(e.blind and e.feed for e in bench.producer.coverage)


async def test_a_dead_site_slows_no_other_and_is_told_as_its_own_blind_span() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/list":
            return web.Response(body=orjson.dumps([{"id": "a"}]))
        return web.Response(text="KEY=1")

    async with serving(handle) as alive, raw_serving(b"", then=0.0) as dead, TogetherBench() as bench:
        good = {"list_url": f"{alive}/list", "kind": "json", "id": "id", "item_url": "{origin}/raw/{id}"}
        bad = {**good, "list_url": f"{dead}/list".replace("127.0.0.1", "localhost")}
        chosen = pastes.Settings.model_validate({"sites": {"bad": bad, "good": good}})
        service = await bench.run(NAME, pastes.PLUGIN.build(chosen, bench.tools), 600)
        assert [d.id for d in bench.producer.documents] == ["good:a"]
        assert service.troubled == {}  # the source sees something
        blind = [e for e in bench.producer.coverage if e.blind]
        assert {(e.feed, e.blind) for e in blind} == {("bad", "closed")}
        assert blind[0].since < START + 60
        assert [e.since for e in blind[1:]] == [e.until for e in blind[:-1]]  # one span without holes
        polls = [e for e in bench.producer.coverage if e.feed == "good" and e.listed]
        assert len(polls) >= 2


async def test_a_list_that_shows_nothing_again_and_again_is_trouble() -> None:
    rows: list[dict[str, str]] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=orjson.dumps(rows))

    async with serving(handle) as base, Bench() as bench:
        source = pastes.PLUGIN.build(one(base), bench.tools)
        assert (await bench.run(NAME, source, 100)).troubled == {}  # it may be a quiet site
        assert (await bench.run(NAME, source, 200)).troubled == {NAME: "one: no_items"}
        rows.append({"name": "another key than the settings say"})
        assert (await bench.run(NAME, source, 200)).troubled == {NAME: "one: no_items"}
        rows.append({"id": "x"})
        assert (await bench.run(NAME, source, 200)).troubled == {}
        assert {e.blind for e in bench.producer.coverage if e.feed == "one"} == {"", "no_items"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "bad_shape"),
        (b"<html>Just a moment...", "bad_shape"),
        (b'{"data": []}', "bad_shape"),
        (b"null", "bad_shape"),
        (b"[" * 5000, "bad_shape"),
        (b"Too many connections", "error_text"),
    ],
)
async def test_a_list_of_rubbish_is_trouble(answer: bytes, reason: str) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=answer)

    async with serving(handle) as base, Bench() as bench:
        source = pastes.PLUGIN.build(one(base, error_texts=[{"text": "too many conn"}]), bench.tools)
        assert (await bench.run(NAME, source, 59)).troubled == {NAME: f"one: {reason}"}


async def test_hostile_answers_are_told_and_lose_nothing() -> None:
    """A gzip bomb, a redirect loop, a truncated body, a wrong type, 502: for the list and for an item."""
    bomb = gzip.compress(b"x" * 40_000_000)
    hostile = {"now": ""}

    async def handle(request: web.Request) -> web.StreamResponse:
        match hostile["now"]:
            case "bomb":
                return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})
            case "loop":
                return web.Response(status=302, headers={"Location": str(request.url)})
            case "bad gateway":
                return web.Response(status=502, text="<html>Bad Gateway</html>")
        if request.path == "/list":
            return web.Response(body=orjson.dumps([{"id": "a"}]), content_type="image/png")
        return web.Response(text="KEY=1")

    async with serving(handle) as base, Bench() as bench:
        source = pastes.PLUGIN.build(one(base), bench.tools)
        for kind, reason in (
            ("bomb", "too_large"),
            ("loop", "redirect_loop"),
            ("bad gateway", "server_error"),
        ):
            hostile["now"] = kind
            assert (await bench.run(NAME, source, 30)).troubled == {NAME: f"one: {reason}"}
        hostile["now"] = ""
        await bench.run(NAME, source, 1500)
        assert [d.content for d in bench.producer.documents] == [b"KEY=1"]


@pytest.mark.parametrize(
    ("answer", "stays", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[", 0.0, "truncated"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{", 0.0, "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n[", 0.0, "too_large"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[", 3.0, "timeout"),
        (b"SSH-2.0-nobody\r\n", 0.0, "bad_answer"),
    ],
)
async def test_a_broken_connection_is_told(answer: bytes, stays: float, reason: str) -> None:
    """A truncated body, a truncated chunk, an endless body, one that stands still, and no HTTP at all."""
    async with raw_serving(answer, then=stays) as base, Bench() as bench:
        source = pastes.PLUGIN.build(one(base), bench.tools)
        assert (await bench.run(NAME, source, 20)).troubled == {NAME: f"one: {reason}"}


async def test_a_redirect_to_a_private_address_is_not_followed() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})

    async with serving(handle) as base, Bench() as bench:
        source = pastes.PLUGIN.build(one(base), bench.tools)
        assert (await bench.run(NAME, source, 30)).troubled == {NAME: "one: refused_address"}


async def test_json_of_a_hundred_levels_is_no_item_and_no_trouble() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        deep = b'{"id":' + b"[" * 100 + b"]" * 100 + b"}"
        return web.Response(body=b'[{"id": "a"},' + deep + b"]" if request.path == "/list" else deep)

    async with serving(handle) as base, Bench() as bench:
        source = pastes.PLUGIN.build(one(base, item_kind="json", text="id"), bench.tools)
        assert (await bench.run(NAME, source, 1200)).troubled == {}
        assert bench.producer.skipped() == {"bad_item": 1}
        assert (
            bench.metric("leakstream_dropped_total", stage="collect", reason="bad_paste") >= 1
        )  # once a poll


async def test_what_was_read_and_not_acknowledged_comes_again() -> None:
    """The process dies while the bus takes nothing."""
    state = MemoryState()

    async def handle(request: web.Request) -> web.StreamResponse:
        rows = [{"id": f"k{n}"} for n in range(5)]
        return web.Response(body=orjson.dumps(rows) if request.path == "/list" else request.path.encode())

    async with serving(handle) as base:
        async with Bench(state, MemoryProducer(refusals=10**9)) as bench:
            await bench.run(NAME, pastes.PLUGIN.build(one(base), bench.tools), 100)
            assert (state.cursors, state.seen, bench.producer.messages) == ({}, set(), [])
        async with Bench(state) as bench:
            await bench.run(NAME, pastes.PLUGIN.build(one(base), bench.tools), 100)
            assert sorted(d.id for d in bench.producer.documents) == [f"one:k{n}" for n in range(5)]


@pytest.mark.parametrize(
    ("answer", "reason", "asked"),
    [
        (404, "gone", 1),
        (410, "gone", 1),
        (403, "refused", 1),
        (b"x" * 20_000, "too_large", 5),
        (b"", "empty", 5),
        (b"Please wait, being processed", "not_ready", 5),
        (b"This paste was deleted", "error_text", 1),
        (503, "unavailable", 15),
    ],
)
async def test_what_is_no_content_is_counted(answer: Any, reason: str, asked: int) -> None:
    requests: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        requests.append(request.path)
        if request.path == "/list":
            return web.Response(body=orjson.dumps([{"id": "a"}]))
        return web.Response(status=answer) if isinstance(answer, int) else web.Response(body=answer)

    async with serving(handle) as base, Bench() as bench:
        errors = [{"text": "being processed", "retry": True}, {"text": "was deleted"}]
        source = pastes.PLUGIN.build(one(base, error_texts=errors, max_item_mib=0.01), bench.tools)
        await bench.run(NAME, source, 1200)
        assert bench.producer.documents == []
        assert bench.producer.skipped() == {reason: 1}
        assert requests.count("/raw/a") == asked


async def test_a_limit_of_the_items_host_does_not_stop_the_list() -> None:
    asked: list[tuple[str, float]] = []

    async with TogetherBench() as bench:

        async def items(request: web.Request) -> web.StreamResponse:
            asked.append((request.path, bench.time.now))
            if len([path for path, _ in asked if path == "/1"]) == 1:
                return web.Response(status=429, headers={"Retry-After": "600"})
            return web.Response(text="KEY=1")

        async with serving(items) as base:
            other = base.replace("127.0.0.1", "localhost")

            async def listed(request: web.Request) -> web.StreamResponse:
                asked.append(("list", bench.time.now))
                return web.Response(body=orjson.dumps([{"id": "1", "url": f"{other}/1"}]))

            async with serving(listed) as root:
                chosen = one(root, url="url", item_url="", hosts=[other.removeprefix("http://")])
                await bench.run(NAME, pastes.PLUGIN.build(chosen, bench.tools), 900)
        lists = [at for path, at in asked if path == "list"]
        first, second = (at for path, at in asked if path == "/1")
        assert second - first == pytest.approx(600, abs=1)
        assert len([at for at in lists if first < at < second]) >= 8
        assert [d.content for d in bench.producer.documents] == [b"KEY=1"]
        assert not any(e.blind for e in bench.producer.coverage)


async def test_ids_and_urls_of_the_list_stay_on_its_hosts() -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.raw_path)
        rows = [
            {"id": "../../etc/passwd", "url": "/p/1"},
            {"id": "..", "url": "/p/2"},
            {"id": "a b?c#d%2eü", "url": "/p/3"},
            {"id": "x\n", "url": "/p/4"},
        ]
        return web.Response(body=orjson.dumps(rows) if request.path == "/list" else b"text")

    async with serving(handle) as base, Bench() as bench:
        await bench.run(NAME, pastes.PLUGIN.build(one(base), bench.tools), 59)
        assert sorted(asked) == sorted(
            ["/list", "/raw/..%2F..%2Fetc%2Fpasswd", "/raw/a%20b%3Fc%23d%252e%C3%BC", "/raw/x"]
        )


async def test_an_item_on_another_host_is_not_fetched_unless_it_is_named() -> None:
    async def elsewhere(request: web.Request) -> web.StreamResponse:
        return web.Response(text="KEY=1")

    async with serving(elsewhere) as other:
        rows = [{"id": "1", "url": f"{other}/1"}, {"id": "2", "url": "ftp://127.0.0.1/2"}]

        async def handle(request: web.Request) -> web.StreamResponse:
            return web.Response(body=orjson.dumps(rows))

        async with serving(handle) as base:
            for hosts, reached in ((), 0), ((other.removeprefix("http://"),), 1):
                async with Bench() as bench:
                    chosen = one(base, url="url", item_url="", hosts=hosts)
                    await bench.run(NAME, pastes.PLUGIN.build(chosen, bench.tools), 59)
                    assert len(bench.producer.documents) == reached
                    assert bench.producer.skipped() == {"foreign_address": 2 - reached}


async def test_the_files_of_an_item_are_documents_of_their_own() -> None:
    snippet = {
        "files": [{"name": "a.env", "content": "A=1"}, {"name": None, "content": "B=2"}, {"name": "c"}, 7]
    }

    async def handle(request: web.Request) -> web.StreamResponse:
        listed = [{"id": "abc", "owner": "ann", "created": "2026-06-01T15:00:00Z"}]
        return web.Response(body=orjson.dumps(listed if request.path == "/list" else snippet))

    async with serving(handle) as base, Bench() as bench:
        chosen = one(base, recipe="glot.io", list_url=f"{base}/list")
        await bench.run(NAME, pastes.PLUGIN.build(chosen, bench.tools), 59)
        made = [(d.id, d.provenance.path, d.content) for d in bench.producer.documents]
        assert made == [("one:abc/0", "a.env", b"A=1"), ("one:abc/1", "", b"B=2")]
        assert bench.producer.documents[0].provenance.owner == "ann"


async def test_an_edited_item_is_read_again() -> None:
    row = {"id": "1", "updated": "1"}

    async def handle(request: web.Request) -> web.StreamResponse:
        body = orjson.dumps([row]) if request.path == "/list" else f"edit {row['updated']}".encode()
        return web.Response(body=body)

    async with serving(handle) as base, Bench() as bench:
        source = pastes.PLUGIN.build(one(base, version="updated"), bench.tools)
        await bench.run(NAME, source, 200)
        row["updated"] = "2"
        await bench.run(NAME, source, 200)
        assert [(d.id, d.content) for d in bench.producer.documents] == [
            ("one:1@1", b"edit 1"),
            ("one:1@2", b"edit 2"),
        ]


async def test_two_polls_that_do_not_meet_are_a_gap() -> None:
    rows = [{"id": f"a{n}", "date": START - n} for n in range(5)]

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=orjson.dumps(rows) if request.path == "/list" else b"text")

    async with serving(handle) as base, Bench() as bench:
        source = pastes.PLUGIN.build(one(base, date="date", date_format="epoch"), bench.tools)
        await bench.run(NAME, source, 59)
        rows[:] = [{"id": f"b{n}", "date": START + 100 - n} for n in range(5)]
        await bench.run(NAME, source, 59)
        (gap,) = [e for e in bench.producer.coverage if e.blind]
        assert (gap.feed, gap.blind, gap.since, gap.until) == ("one", "gap", START, START + 96)
        assert max(e.lost for e in bench.producer.coverage) > 0


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('id = "a["', "sites.h.id: .*no CSS selector"),
        ('items = "table >> tr"', "sites.h.items: .*no CSS selector"),
        ('text = ":bogus("', "sites.h.text: .*no CSS selector"),
        ('date_format = "sometimes"', "sites.h.date_format: "),
        ('id_pattern = "x(y"', "sites.h.id_pattern: "),
        ('id_pattern = "xy"', "sites.h.id_pattern: .*group"),
        ('item_url = "{origin}/x"', r"sites.h.item_url: .*\{id\} is missing"),
        ('item_url = "{id}/{other}"', "sites.h.item_url: "),
        ('list_url = "ftp://127.0.0.1/"', "sites.h.list_url: "),
        ('colour = "red"', "sites.h.colour: unknown key"),
        ('recipe = "no such"', "sites.h: .*recipe: there is none"),
        ('list_url = "https://paste.example/"\npoll_seconds = 5', "sites.h: .*poll_seconds: at least 30"),
    ],
)
def test_what_cannot_work_stops_the_start_and_names_the_key(line: str, told: str, tmp_path: Any) -> None:
    key = line.partition(" ")[0]
    site = (
        CONFIG.replace("ROOT", "http://127.0.0.1:1")
        .split("[sources.pastes.sites.a]")[0]
        .partition("[sources.pastes.sites.h]")[2]
    )
    kept = [old for old in site.splitlines() if not old.startswith(f"{key} ")]
    file = tmp_path / "leakstream.toml"
    file.write_text("\n".join(["[sources.pastes.sites.h]", *kept, line]))
    with pytest.raises(ConfigError, match=told):
        load(file, sections={}, sources={NAME: pastes.Settings}, notifiers={}, environment={})


async def test_a_site_that_crashes_ends_the_source() -> None:
    """A programming error is not swallowed with the task it happened in."""

    class Broken:
        name = "one"

        async def run(self, context: Any) -> None:
            raise ZeroDivisionError

    async with Bench() as bench:
        source = pastes.PLUGIN.build(one("http://127.0.0.1:1"), bench.tools)
        source._sites.insert(0, Broken())
        with pytest.raises(Exception, match="ZeroDivisionError"):
            await asyncio.wait_for(bench.run(NAME, source, 600), 10)
