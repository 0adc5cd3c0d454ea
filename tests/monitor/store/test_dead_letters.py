import pytest

from alerting_samples import NOON, open_store
from monitor.store.dead_letters import LetterKey, Mark, mark, marks_of

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


def key(offset, *, topic="documents.v1.dlq", at=NOON):
    return LetterKey(topic, 0, offset, at)


async def test_the_last_mark_of_each_letter_holds(store):
    first, later = Mark("dropped", NOON, "ann"), Mark("retried", NOON + 1, "bob")
    async with store.write() as connection:
        await mark(connection, [key(1), key(2**40)], first)
        await mark(connection, [key(7, topic="findings.v1.dlq")], first)
        await mark(connection, [key(1)], later)
        await mark(connection, [], later)
    async with store.read() as connection:
        assert await marks_of(connection, "documents.v1.dlq") == {key(1): later, key(2**40): first}


async def test_the_same_offset_at_another_time_is_another_letter(store):
    """A topic that was made anew counts from 0 again."""
    at = 1_763_000_000.123456
    async with store.write() as connection:
        await mark(connection, [key(0, at=at)], Mark("dropped", NOON, "ann"))
    async with store.read() as connection:
        marks = await marks_of(connection, "documents.v1.dlq")
    assert key(0, at=at) in marks
    assert key(0, at=at + 0.001) not in marks
