from __future__ import annotations

from typing import Any

import orjson
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from collecting import START, Bench, MemoryProducer, MemoryState, serving
from monitor.collectors.sources.pastebin import PLUGIN, Body, Settings, judge, parse

NAME = "pastebin"
DENIED = (
    "YOUR IP: 203.0.113.7 DOES NOT HAVE ACCESS. VISIT: https://pastebin.com/doc_scraping_api TO GET ACCESS!"
)
NOT_READY = "File is not ready for scraping yet. Try again in 1 minute."


def entry(number: int, when: float = -10, **more: str) -> dict[str, str]:
    """Every value a string, as the API has it."""
    key = f"Key{number:05d}"
    return {
        "scrape_url": f"https://scrape.pastebin.com/api_scrape_item.php?i={key}",
        "full_url": f"https://pastebin.com/{key}",
        "date": str(int(START + when)),
        "key": key,
        "size": "20",
        "expire": "0",
        "title": "dump",
        "syntax": "text",
        "user": "someone",
        **more,
    }


class Site:
    """The scraping API: `listed` newest first, `items` by key; an item that is a list is answered one by one."""

    def __init__(self) -> None:
        self.listed: Any = []
        self.items: dict[str, Any] = {}
        self.asked: list[str] = []

    def publish(self, number: int, content: Any, **more: Any) -> None:
        self.listed.insert(0, entry(number, **more))
        self.items[f"Key{number:05d}"] = content

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/api_scraping.php":
            self.asked.append("list")
            if isinstance(self.listed, str):
                return web.Response(text=self.listed)
            return web.Response(body=orjson.dumps(self.listed[: int(request.query["limit"])]))
        key = request.query["i"]
        self.asked.append(key)
        answer = self.items[key]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, int):
            return web.Response(status=answer, text="Error")
        return web.Response(body=answer if isinstance(answer, bytes) else answer.encode())


async def run(
    site: Site,
    seconds: float = 59.0,
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


async def test_a_paste_becomes_a_document() -> None:
    site = Site()
    site.publish(1, "user:password")
    bench = await run(site)
    (document,) = bench.producer.documents
    assert (document.id, document.content) == ("Key00001", b"user:password")
    assert document.published_at == START - 10
    where = document.provenance
    assert (where.forge, where.url) == ("pastebin.com", "https://pastebin.com/Key00001")
    assert (where.title, where.author, where.owner) == ("dump", "someone", "someone")
    assert len(bench.state.seen) == 1


async def test_one_request_a_second() -> None:
    site = Site()
    for n in range(5):
        site.publish(n, f"content {n}")
    bench = await run(site, 58)
    assert bench.time.slept[:5] == [1.0] * 5
    assert len(bench.producer.documents) == 5


async def test_nothing_is_fetched_twice_and_the_window_is_measured() -> None:
    site = Site()
    state, producer = MemoryState(), MemoryProducer()
    site.publish(1, "one", when=-40)
    site.publish(2, "two", when=-20)
    await run(site, state=state, producer=producer, limit=2)
    site.publish(3, "three", when=30)
    await run(site, state=state, producer=producer, now=START + 60, limit=2)
    assert [e.overlap for e in producer.coverage if e.listed] == [None, 1]
    for n in range(4, 6):
        site.publish(n, f"no {n}", when=600 + n)
    await run(site, state=state, producer=producer, now=START + 660, limit=2)
    assert sorted(d.id for d in producer.documents) == [f"Key0000{n}" for n in (1, 2, 3, 4, 5)]
    gap = next(e for e in producer.coverage if e.blind)
    assert (gap.blind, gap.since, gap.until) == ("gap", START + 30, START + 604)
    assert max(e.lost for e in producer.coverage) == round((574 - 1) * 2 / 2)


async def test_not_ready_is_asked_again_after_a_minute() -> None:
    site = Site()
    site.publish(1, [NOT_READY, NOT_READY, "now it is"])
    bench = await run(site, 200)
    assert [d.content for d in bench.producer.documents] == [b"now it is"]
    assert site.asked.count("Key00001") == 3


@pytest.mark.parametrize(
    ("answer", "reason", "asked"),
    [
        ("Error, we cannot find this paste.", "gone", 1),
        ("Error, paste key is not valid.", "gone", 1),
        ("Error, this is not a public paste.", "gone", 1),
        (404, "gone", 1),
        (b"x" * 20_000, "too_large", 1),
        ("", "empty", 5),
        ("Error, something quite new.", "error_text", 5),
        ("<!DOCTYPE html><html>Just a moment...</html>", "error_text", 5),
        (NOT_READY, "not_ready", 5),
        (503, "unavailable", 15),
    ],
)
async def test_an_error_is_never_stored_as_content(answer: Any, reason: str, asked: int) -> None:
    site = Site()
    site.publish(1, answer, size=str(len(answer)) if isinstance(answer, bytes) else "20")
    bench = await run(site, 1200, max_paste_mib=0.01)
    assert bench.producer.documents == []
    assert bench.producer.skipped() == {reason: 1}
    assert site.asked.count("Key00001") == asked


async def test_no_access_is_trouble_and_loses_nothing() -> None:
    site = Site()
    site.listed = DENIED
    async with serving(site.handle) as base, Bench() as bench:
        source = PLUGIN.build(Settings(base_url=base), bench.tools)
        service = await bench.run(NAME, source, 59)
        assert service.troubled == {NAME: "access_denied"}
        site.listed = []
        site.publish(1, [DENIED, "content"])
        await bench.run(NAME, source, 2000)
        assert [d.content for d in bench.producer.documents] == [b"content"]


@pytest.mark.parametrize("listed", ["", "<html>", '{"a": 1}', "null", "[" * 5000])
async def test_a_list_of_rubbish_is_trouble(listed: str) -> None:
    site = Site()
    site.listed = listed
    bench = await run(site)
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    assert 1 <= len(site.asked) <= 12


async def test_a_paste_that_is_larger_than_the_list_says_is_asked_for_again() -> None:
    site = Site()
    site.publish(1, [web.Response(body=b"x" * 20_000), b"the right one, at last"])
    bench = await run(site, 300, max_paste_mib=0.01)
    assert [d.content for d in bench.producer.documents] == [b"the right one, at last"]


async def test_bad_entries_are_counted() -> None:
    site = Site()
    site.publish(1, "fine")
    site.listed += [None, {}, {"key": "../../etc"}, {"key": ["x"]}]
    bench = await run(site)
    assert len(bench.producer.documents) == 1
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="bad_paste") == 4


def test_content_that_looks_like_an_error_is_told_by_its_size() -> None:
    text = b"Error, my program says this"
    assert judge(text, size=len(text)) is Body.CONTENT
    assert judge(text, size=4000) is Body.ERROR
    assert judge(b"\n\n  \n") is Body.EMPTY
    assert judge(b" " * 1000 + b"x") is Body.CONTENT
    assert judge(DENIED.replace("YOUR IP", "THIS IP").encode()) is Body.DENIED
    assert judge(b"long text that says does not have access " * 20) is Body.CONTENT


def test_politeness_cannot_be_configured_away() -> None:
    for wrong in ({"poll_seconds": 5}, {"item_seconds": 0.1}, {"limit": 251}, {"base_url": "x"}):
        with pytest.raises(ValidationError):
            Settings.model_validate(wrong)
    # another host (a mirror, the simulator) may be asked as often as it likes to be
    assert Settings(base_url="http://127.0.0.1:1", poll_seconds=0.5, item_seconds=0.01).item_seconds == 0.01


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(["key", "date", "size", "title", "user"]),
        st.none() | st.integers() | st.text(max_size=30) | st.lists(st.none(), max_size=2),
    ),
    st.binary(max_size=400),
)
def test_nothing_upsets_the_parsers(raw: Any, body: bytes) -> None:
    found = parse(raw)
    assert found is None or found.digest
    assert judge(body, size=3) in Body
