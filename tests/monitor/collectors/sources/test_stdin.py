from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import orjson
import pytest

from collecting import START, Bench, MemoryProducer, MemoryState
from monitor.aio import spawn
from monitor.collectors.context import Context
from monitor.collectors.sources.stdin import PLUGIN, Settings, Stdin
from monitor.identity import blob_sha
from monitor.metrics import Metrics

NAME = "stdin"


async def run(written: bytes, *, producer: MemoryProducer | None = None, **options: Any) -> Bench:
    """Everything that `written` becomes, with the input at its end."""
    reader, writer = os.pipe()

    def write() -> None:
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(written)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        async with Bench(None, producer) as bench:
            await bench.run(NAME, Stdin(Settings.model_validate(options), reader), 1e9)
            return bench
    finally:
        thread.join()
        os.close(reader)


async def test_a_document_a_line_until_the_input_ends() -> None:
    bench = await run(b"KEY=1\n\n  \nKEY=2\r\nlast without an end")
    documents = bench.producer.documents
    assert [d.content for d in documents] == [b"KEY=1", b"KEY=2\r", b"last without an end"]
    assert documents[0].id == f"stdin:{blob_sha(b'KEY=1')}"
    assert documents[0].provenance.forge == "ingest/stdin"
    (event,) = bench.producer.coverage
    assert (event.expected, event.listed, event.fetched) == (3, 3, 3)


async def test_documents_of_several_lines_end_with_nul() -> None:
    bench = await run(b"a\nb\0\xff\xfe\0\0c", format="nul")
    assert [d.content for d in bench.producer.documents] == [b"a\nb", b"\xff\xfe", b"c"]


async def test_json_lines() -> None:
    lines = [
        {"id": "7", "text": "KEY=1", "url": "https://paste.example/7", "forge": "paste.example"},
        {"content": "KEY=2", "forge": "trusted.example", "published_at": START - 5},
        {"text": "a", "content": "b"},
        {"text": 7},
        {"text": "x", "colour": "red"},
        [],
    ]
    written = b"\n".join(orjson.dumps(line) for line in lines) + b"\n{\n" + b"[" * 3000
    bench = await run(written, format="json", forges=["trusted.example"])
    first, second = bench.producer.documents
    assert (first.id, first.content, first.provenance.url) == ("stdin:7", b"KEY=1", "https://paste.example/7")
    assert (first.provenance.forge, second.provenance.forge) == ("ingest/paste.example", "trusted.example")
    assert second.published_at == START - 5
    assert bench.producer.skipped() == {"bad_line": 6}


async def test_what_is_too_long_is_counted() -> None:
    bench = await run(b"x" * 3_000_000 + b"\nKEY=1\n", max_mib=1)
    assert [d.content for d in bench.producer.documents] == [b"KEY=1"]
    assert bench.producer.skipped() == {"too_large": 1}
    assert sum(e.listed for e in bench.producer.coverage) == 2


async def test_nothing_is_read_while_the_bus_takes_nothing() -> None:
    lines = [b"%06d" % number + b"x" * 1000 for number in range(3000)]
    bench = await run(b"\n".join(lines), producer=MemoryProducer(refusals=3))
    assert [d.content for d in bench.producer.documents] == lines
    assert bench.metric("leakstream_backpressure_total", reason="full") == 3


async def test_it_stops_while_nothing_comes() -> None:
    reader, writer = os.pipe()
    stop, producer = asyncio.Event(), MemoryProducer()
    context = Context(
        NAME, stop=stop, state=MemoryState(), producer=producer, metrics=Metrics(), clock=lambda: START
    )
    try:
        task = spawn(Stdin(Settings(), reader).run(context), name=NAME)
        os.write(writer, b"KEY=1\nhalf")
        while not producer.documents:  # noqa: ASYNC110 - from another thread
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(task, 10)
        assert [d.content for d in producer.documents] == [b"KEY=1"]
    finally:
        os.close(reader)
        os.close(writer)


async def test_an_input_that_cannot_be_read_is_trouble() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    async with Bench() as bench:
        service = await bench.run(NAME, Stdin(Settings(), writer), 1e9)
    os.close(writer)
    assert service.troubled == {NAME: "unreadable"}


def test_the_plugin_reads_the_standard_input() -> None:
    assert PLUGIN.build(Settings(), None)._fd == 0
    with pytest.raises(ValueError):
        Settings.model_validate({"format": "xml"})
