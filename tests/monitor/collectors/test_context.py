from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
import pytest

from collecting import START, BusyState, MemoryProducer, MemoryState, Time
from monitor.collectors.base import Stopping
from monitor.collectors.context import WORLD, Context
from monitor.contracts import CoverageEvent, Document, Mode, Provenance
from monitor.identity import blob_sha
from monitor.metrics import Metrics
from monitor.sizes import MAX_RECORD_BYTES
from monitor.watching import Watching


class Made:
    def __init__(
        self, refusals: int = 0, state: MemoryState | None = None, watch: Watching | None = None
    ) -> None:
        self.time = Time()
        self.state = state or MemoryState()
        self.producer = MemoryProducer(refusals)
        self.metrics = Metrics()
        self.stop = asyncio.Event()
        self.context = Context(
            "src",
            stop=self.stop,
            state=self.state,
            producer=self.producer,
            metrics=self.metrics,
            clock=self.time,
            watch=watch,
            sleep=self.time.sleep,
        )

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


def document(content: bytes = b"text", **more: object) -> Document:
    return Document(source="src", id="1", content=content, fetched_at=START, **more)  # type: ignore[arg-type]


async def test_the_cursor_moves_only_after_the_bus_has_everything() -> None:
    made = Made()

    class Observed(MemoryProducer):
        async def send(self, messages: object) -> None:
            assert made.state.cursors == {}
            assert made.state.seen == set()
            await super().send(messages)  # type: ignore[arg-type]

    made.context._producer = Observed()
    await made.context.emit(
        [document()],
        coverage=[CoverageEvent("src", START, START + 1)],
        cursor="7",
        cursor_name="page",
        seen=[b"k"],
    )
    assert made.state.cursors == {("src", "page"): "7"}
    assert made.state.seen == {("src", b"k")}


TEXT = b"the same text"
SHA = blob_sha(TEXT)


async def test_a_text_goes_to_the_bus_once_and_then_only_its_further_places() -> None:
    made = Made()
    first, fork = Provenance(repository="a/x"), Provenance(repository="b/x")
    await made.context.emit(
        [
            document(TEXT, blob_sha=SHA, provenance=first),
            document(TEXT, blob_sha=SHA, provenance=fork),
        ]
    )
    await made.context.emit([document(TEXT, blob_sha=SHA, provenance=fork)])
    handed_in = [(d.content, d.known, d.provenance.repository) for d in made.producer.documents]
    assert handed_in == [(TEXT, False, "a/x"), (b"", True, "b/x"), (b"", True, "b/x")]
    assert await made.context.unknown([SHA, "f" * 40]) == {"f" * 40}


async def test_two_diffs_that_lead_to_one_file_are_two_texts() -> None:
    made = Made()
    await made.context.emit([document(b"+a", blob_sha=SHA), document(b"+b", blob_sha=SHA)])
    assert [d.known for d in made.producer.documents] == [False, False]
    assert await made.context.unknown([SHA]) == {SHA}


@pytest.mark.parametrize(
    "more",
    [
        {"blob_sha": ""},
        {"mode": Mode.EXERCISE},
        {"offset": 10},
        {"more": True},
        {"provenance": Provenance(forge="github.com", repository="Acme/web")},
    ],
)
async def test_what_is_ours_or_no_whole_text_always_goes_whole(more: dict[str, object]) -> None:
    made = Made(watch=Watching(organisations=("acme",)))
    for _ in range(2):
        await made.context.emit([document(TEXT, **{"blob_sha": SHA, **more})])
    assert [d.content for d in made.producer.documents] == [TEXT, TEXT]


async def test_back_pressure_is_waited_out_and_visible() -> None:
    made = Made(refusals=2)
    blocked: list[str] = []
    original = made.time.sleep

    async def sleep(stop: asyncio.Event, seconds: float) -> bool:
        blocked.append(made.context.blocked)
        return await original(stop, seconds)

    made.context._sleep = sleep
    await made.context.emit([document()], cursor="1")
    assert blocked == ["full", "full"]
    assert made.time.slept == [2.0, 2.0]
    assert made.context.blocked == ""
    assert len(made.producer.documents) == 1
    assert made.metric("leakstream_backpressure_total", reason="full") == 2


async def test_a_stop_during_back_pressure_saves_nothing() -> None:
    made = Made(refusals=1)
    made.stop.set()
    with pytest.raises(Stopping):
        await made.context.emit([document()], cursor="1", seen=[b"k"])
    assert made.state.cursors == {}
    assert made.state.seen == set()


async def test_a_busy_state_is_waited_out_and_visible() -> None:
    made = Made(state=BusyState(2))
    blocked: list[str] = []
    original = made.time.sleep

    async def sleep(stop: asyncio.Event, seconds: float) -> bool:
        blocked.append(made.context.blocked)
        return await original(stop, seconds)

    made.context._sleep = sleep
    await made.context.emit([document()], cursor="1", seen=[b"k"])
    assert blocked == ["state_busy", "state_busy"]
    assert made.context.blocked == ""
    assert made.state.cursors == {("src", ""): "1"}
    assert made.state.seen == {("src", b"k")}
    assert len(made.producer.documents) == 1
    assert made.metric("leakstream_batch_retries_total", stage="collect") == 2


async def test_long_documents_go_as_parts() -> None:
    made = Made()
    await made.context.emit([document(b"line\n" * (MAX_RECORD_BYTES // 5 + 10))])
    first, second = made.producer.documents
    assert len(first.content) <= MAX_RECORD_BYTES
    assert second.offset < len(first.content)
    assert second.line > 1
    assert first.key == second.key


async def test_metadata_is_made_fit_for_a_header() -> None:
    made = Made()
    long = Provenance(path="p" * 5000, title="t\udcff")
    await made.context.emit([document(provenance=long)])
    where = made.producer.documents[0].provenance
    assert where.path == "p" * 4096
    assert where.title == "t\\udcff"
    assert made.metric("leakstream_dropped_total", stage="collect", reason="provenance_cut") == 1


async def test_what_is_counted() -> None:
    made = Made()
    coverage = CoverageEvent(
        "src", START - 60, START, expected=10, listed=8, fetched=4, skipped={"budget": 3}, lost=2
    )
    await made.context.emit([document(published_at=START - 30), document(b"")], coverage=[coverage])
    assert made.metric("leakstream_documents_total", source="src") == 2
    assert made.metric("leakstream_source_delay_seconds_sum", source="src") == 30
    assert made.metric("leakstream_source_items_total", source="src", state="lost") == 2
    assert made.metric("leakstream_dropped_total", stage="collect", reason="budget") == 3
    assert made.metric("leakstream_capture_ratio", source="src") == 0.4
    made.time.now += 3700
    later = CoverageEvent("src", made.time.now - 60, made.time.now, expected=4, fetched=4)
    await made.context.emit(coverage=[later])
    assert made.metric("leakstream_capture_ratio", source="src") == 1.0
    world = CoverageEvent("src", made.time.now - 60, made.time.now, expected=9000, feed=WORLD)
    await made.context.emit(coverage=[world])
    assert made.metric("leakstream_capture_ratio", source="src") == 1.0


async def test_trouble_becomes_a_blind_span_when_it_ends() -> None:
    made = Made()
    made.context.failing("timeout")
    assert made.metric("leakstream_source_blind", source="src") == 1
    made.time.now += 40
    made.context.failing("server_error")
    made.time.now += 50
    made.context.healthy()
    assert made.metric("leakstream_source_blind", source="src") == 0
    assert made.metric("leakstream_source_last_success_timestamp_seconds", source="src") == START + 90
    await made.context.emit()
    (event,) = made.producer.coverage
    assert (event.since, event.until, event.blind) == (START, START + 90, "server_error")
    await made.context.emit()
    assert len(made.producer.coverage) == 1


async def test_trouble_that_a_source_ends_in_is_told() -> None:
    made = Made()
    made.context.failing("timeout", START - 5)
    made.time.now += 10
    await made.context.close()
    await made.context.close()
    ((since, until, why),) = [(e.since, e.until, e.blind) for e in made.producer.coverage]
    assert (since, until, why) == (START - 5, START + 10, "timeout")


async def test_trouble_goes_with_the_source_to_another_collector() -> None:
    made = Made()
    made.context.failing("timeout")
    await made.context.hand_over()
    assert [event.blind for event in made.producer.coverage] == ["timeout"]
    assert made.context.trouble == ""
    assert made.metric("leakstream_source_blind", source="src") == 0


async def test_a_source_that_went_elsewhere_has_no_capture_ratio_here() -> None:
    made = Made()
    await made.context.emit(coverage=[CoverageEvent("src", START - 60, START, expected=10, fetched=9)])
    assert made.metric("leakstream_capture_ratio", source="src") == 0.9
    await made.context.hand_over()
    assert made.metric("leakstream_capture_ratio", source="src") is None
    await made.context.emit(coverage=[CoverageEvent("src", START - 60, START, expected=10, fetched=2)])
    assert (
        made.metric("leakstream_capture_ratio", source="src") == 0.2
    )  # it is back: of what it sees from here on


async def test_what_the_bus_does_not_take_at_the_end_is_counted() -> None:
    made = Made(refusals=1)
    made.context.failing("timeout")
    await made.context.close()
    assert made.metric("leakstream_dropped_total", stage="collect", reason="untold_coverage") == 1


async def test_every_document_gets_a_trace_id_unless_its_sender_gave_one() -> None:
    made = Made()
    documents = [document(b"a"), document(b"b"), replace(document(b"c"), trace_id="given")]
    await made.context.emit(documents)
    traces = [orjson.loads(message.headers["m"])["trace_id"] for message in made.producer.messages]
    assert traces[2] == "given"
    assert len({*traces}) == 3
    assert all(len(trace) == 32 for trace in traces[:2])


async def test_what_becomes_of_items_begins_at_zero() -> None:
    made = Made()
    states = {
        made.metric("leakstream_source_items_total", source="src", state=each)
        for each in ("listed", "fetched", "skipped", "lost")
    }
    assert states == {0.0}
