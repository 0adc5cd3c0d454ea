"""Listing, sending again and dropping dead letters, on a real bus and a real store."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from alerting_samples import NOON, open_store
from dead import broken, dead, document, everything, put
from monitor.bus.base import Backpressure, Bus, TopicSpec
from monitor.bus.embedded import EmbeddedBus
from monitor.bus.kafka import KafkaBus
from monitor.config import KafkaSettings
from monitor.contracts import DOCUMENTS, FINDINGS, with_dead_letters
from monitor.dlq.desk import DeadLetters, Wanted
from monitor.dlq.letter import Letter, LetterId, UnknownLetter
from monitor.store.engine import Store
from monitor.store.tables import audit

TOPICS = with_dead_letters((TopicSpec(DOCUMENTS, partitions=4), TopicSpec(FINDINGS, partitions=1)))
ANY = Wanted()


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


@asynccontextmanager
async def on_embedded(folder: Path, clock: Clock) -> AsyncIterator[EmbeddedBus]:
    bus = EmbeddedBus(folder, clock=clock)
    await bus.start()
    await bus.ensure_topics(TOPICS)
    yield bus
    await bus.close()


@asynccontextmanager
async def on_kafka(bootstrap: str) -> AsyncIterator[KafkaBus]:
    settings = KafkaSettings(bootstrap=(bootstrap,), security="plaintext", replication=1, min_insync=1)
    bus = KafkaBus(settings, prefix=f"dlq-{uuid.uuid4().hex[:12]}.")
    await bus.start()
    await bus.ensure_topics(TOPICS)
    yield bus
    await bus.close()


@pytest.fixture
async def embedded(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedBus]:
    async with on_embedded(tmp_path / "bus", clock) as bus:
        yield bus


@pytest.fixture(params=["embedded", "kafka"])
async def bus(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Bus]:
    made = (
        on_embedded(tmp_path / "bus", clock)
        if request.param == "embedded"
        else on_kafka(request.getfixturevalue("kafka"))
    )
    async with made as bus:
        yield bus


def desk(store: Store, bus: Bus, clock: Clock) -> DeadLetters:
    def mask(text: str) -> str:
        return text.replace("secret", "*****")

    return DeadLetters(store, bus, [DOCUMENTS, FINDINGS], mask=mask, clock=clock)


def places(letters: list[Letter] | tuple[Letter, ...]) -> list[str]:
    return [str(letter.id) for letter in letters]


async def audited(store: Store) -> list[tuple[str, str, dict[str, object]]]:
    async with store.read() as connection:
        rows = await connection.execute(
            select(audit.c.actor, audit.c.verb, audit.c.detail).order_by(audit.c.id)
        )
        return [(actor, verb, detail) for actor, verb, detail in rows]


async def test_list_shows_what_is_open_the_newest_first(store: Store, bus: Bus, clock: Clock) -> None:
    letters = desk(store, bus, clock)
    assert await letters.list(ANY, actor="ann") == []
    for number, reason in enumerate(("worker_crash", "worker_timeout", "worker_crash")):
        clock.now += 1
        await put(bus, [dead(document(number, name=f"secret {number}"), number, reason)])
    await put(bus, [dead(broken(FINDINGS), 9, "malformed")])
    found = await letters.list(ANY, actor="ann")
    assert places(found) == ["documents.v1/0/2", "documents.v1/0/1", "documents.v1/0/0", "findings.v1/0/0"]
    assert [letter.document for letter in found] == ["***** 2", "***** 1", "***** 0", ""]
    assert places(await letters.choose(Wanted(reason="worker_crash"))) == [
        "documents.v1/0/2",
        "documents.v1/0/0",
    ]
    assert places(await letters.choose(Wanted(topic=FINDINGS))) == ["findings.v1/0/0"]
    assert await letters.choose(Wanted(FINDINGS, "worker_crash")) == []
    assert await audited(store) == [("ann", "dlq_listed", {"shown": 0}), ("ann", "dlq_listed", {"shown": 4})]


async def test_retry_sends_the_record_as_it_was_and_lists_it_no_more(
    store: Store, bus: Bus, clock: Clock
) -> None:
    letters = desk(store, bus, clock)
    original = document(1)
    await put(bus, [dead(original, 7), dead(document(2), 8, "worker_memory")])
    chosen = await letters.choose(Wanted(reason="worker_crash"))
    assert await letters.retry(chosen, actor="ann") == 1
    (again,) = await everything(bus, DOCUMENTS)
    assert (again.key, again.value) == (original.key, original.value)
    assert again.headers == {**original.headers, "dlq-retries": b"1"}
    assert places(await letters.choose(ANY)) == ["documents.v1/0/1"]
    done = [letter for letter in await letters.choose(Wanted(done=True)) if letter.done]
    assert [(str(letter.id), letter.done) for letter in done] == [
        ("documents.v1/0/0", ("retried", clock.now, "ann"))
    ]
    assert await audited(store) == [("ann", "dlq_retried", {"letters": ["documents.v1/0/0"]})]


async def test_many_that_lie_apart_are_each_sent_once(store: Store, bus: Bus, clock: Clock) -> None:
    letters = desk(store, bus, clock)
    await put(bus, [dead(document(n), n, "wanted" if n % 7 == 0 else "other") for n in range(200)])
    chosen = await letters.choose(Wanted(reason="wanted"))
    assert await letters.retry(chosen, actor="ann") == 29
    sent = [record.value for record in await everything(bus, DOCUMENTS)]
    assert sorted(sent) == sorted(b"document %d" % n for n in range(0, 200, 7))
    assert await letters.choose(Wanted(reason="wanted")) == []
    assert len(await letters.choose(ANY)) == 171


async def test_a_large_one_comes_back_whole(store: Store, bus: Bus, clock: Clock) -> None:
    content = bytes(range(256)) * 32 * 1024  # 8 MiB, the most that a record holds
    await put(bus, [dead(document(1, content=content))])
    letters = desk(store, bus, clock)
    (letter,) = await letters.choose(ANY)
    shown = await letters.show(letter.id, actor="ann")
    assert shown.digest == hashlib.sha256(content).hexdigest()
    assert await letters.content(letter.id, actor="bob") == content
    assert await letters.retry([letter], actor="ann") == 1
    (again,) = await everything(bus, DOCUMENTS)
    assert again.value == content
    looked = ["documents.v1/0/0"]
    assert (await audited(store))[:2] == [
        ("ann", "dlq_shown", {"letters": looked}),
        ("bob", "dlq_content", {"letters": looked}),
    ]


async def test_drop_is_remembered_and_can_be_taken_back(store: Store, bus: Bus, clock: Clock) -> None:
    await put(bus, [dead(document(n), n) for n in range(120)])
    letters = desk(store, bus, clock)
    assert await letters.drop(await letters.choose(ANY), actor="ann") == 120
    assert await letters.choose(ANY) == []
    assert await everything(bus, DOCUMENTS) == []
    named = await letters.named([LetterId(DOCUMENTS, 0, 3), LetterId(DOCUMENTS, 0, 3)])
    assert [letter.done.verb for letter in named if letter.done] == ["dropped"]
    assert await letters.retry(named, actor="bob") == 1
    shown = await letters.show(LetterId(DOCUMENTS, 0, 3), actor="ann")
    assert shown.letter.done == ("retried", clock.now, "bob")


async def test_what_is_not_there_is_named(store: Store, bus: Bus, clock: Clock) -> None:
    letters = desk(store, bus, clock)
    await put(bus, [dead(document(1))])
    for name in ("documents.v1/0/1", "documents.v1/9/0", "elsewhere.v1/0/0"):
        with pytest.raises(UnknownLetter):
            await letters.show(LetterId.parse(name), actor="ann")
        with pytest.raises(UnknownLetter):
            await letters.named([LetterId.parse(name)])
    assert await audited(store) == []


async def test_those_that_retention_took_are_not_counted(
    store: Store, embedded: EmbeddedBus, clock: Clock
) -> None:
    letters = desk(store, embedded, clock)
    await put(embedded, [dead(document(n), n) for n in range(3)])
    clock.now += 23 * 3600
    await put(embedded, [dead(document(3), 3)])
    chosen = await letters.choose(ANY)
    clock.now += 2 * 3600
    await embedded.retain()
    assert await letters.retry(chosen, actor="ann") == 1
    assert [record.value for record in await everything(embedded, DOCUMENTS)] == [b"document 3"]
    with pytest.raises(UnknownLetter):
        await letters.named([chosen[-1].id])


async def test_stopped_by_a_full_bus_it_goes_on_where_it_stopped(
    store: Store, embedded: EmbeddedBus, clock: Clock
) -> None:
    full = TopicSpec(DOCUMENTS, retention_bytes=4 * 1024**2)
    await embedded.ensure_topics([full])
    await put(embedded, [dead(document(n, content=b"%032d" % n * 1024), n) for n in range(150)])
    consumer = await embedded.consumer("match", [DOCUMENTS])  # nothing goes that it has not read
    letters = desk(store, embedded, clock)
    with pytest.raises(Backpressure):
        await letters.retry(await letters.choose(ANY), actor="ann")
    sent = len(await everything(embedded, DOCUMENTS))
    assert 0 < sent < 150
    left = await letters.choose(ANY)
    assert len(left) == 150 - sent
    await embedded.ensure_topics([TopicSpec(DOCUMENTS)])
    assert await letters.retry(left, actor="ann") == len(left)
    assert len({record.value for record in await everything(embedded, DOCUMENTS)}) == 150
    await consumer.close()


async def test_a_topic_that_was_made_anew_hides_nothing(
    store: Store, embedded: EmbeddedBus, clock: Clock, tmp_path: Path
) -> None:
    """Its offsets begin at 0 again: what was dropped under them is not what lies there now."""
    await put(embedded, [dead(document(1))])
    letters = desk(store, embedded, clock)
    await letters.drop(await letters.choose(ANY), actor="ann")
    clock.now += 60
    async with on_embedded(tmp_path / "other", clock) as other:
        await put(other, [dead(document(2))])
        assert places(await desk(store, other, clock).choose(ANY)) == ["documents.v1/0/0"]


async def test_what_is_buried_meanwhile_waits_for_the_next_time(
    store: Store, embedded: EmbeddedBus, clock: Clock
) -> None:
    """Else a stage that buries as fast as it is read would keep it going for ever."""
    letters = desk(store, embedded, clock)
    await put(embedded, [dead(document(n), n) for n in range(3)])
    walk = letters._walk(DOCUMENTS)
    seen = [(await anext(walk)).offset]
    await put(embedded, [dead(document(9), 9)])
    seen += [record.offset async for record in walk]
    assert seen == [0, 1, 2]
