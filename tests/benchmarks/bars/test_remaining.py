from benchmarks.bars.remaining import UNKNOWN, Remaining
from monitor.bus.base import Message
from monitor.bus.embedded import EmbeddedBus
from monitor.contracts import DEAD_LETTER_SUFFIX, DOCUMENTS, TOPICS, with_dead_letters
from monitor.store.engine import Store


async def test_what_is_unread_undelivered_and_dead_is_counted(tmp_path):
    await (await Store.open(tmp_path / "store.db")).close()
    bus = EmbeddedBus(tmp_path / "bus")
    await bus.start()
    try:
        await bus.ensure_topics(with_dead_letters(TOPICS))
        remaining = Remaining(bus, tmp_path / "store.db")
        assert await remaining.left() == {"match": 0, "alert": 0, "outbox": 0}
        await bus.producer().send(
            [Message(DOCUMENTS, b"k", b"v")] * 3 + [Message(DOCUMENTS + DEAD_LETTER_SUFFIX, b"k", b"v")]
        )
        assert (await remaining.left())["match"] == 3
        assert (await remaining.records())[DOCUMENTS] == 3
        assert await remaining.dead_letters() == 1
    finally:
        await bus.close()


async def test_a_bus_that_cannot_say_is_not_taken_for_an_empty_one(tmp_path):
    await (await Store.open(tmp_path / "store.db")).close()
    bus = EmbeddedBus(tmp_path / "bus")
    await bus.start()
    try:  # without any topic
        assert (await Remaining(bus, tmp_path / "store.db").left())["match"] == UNKNOWN
    finally:
        await bus.close()
