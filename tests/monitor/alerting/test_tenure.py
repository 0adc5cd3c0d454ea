import pytest

from alerting_samples import NOON, open_store
from monitor.alerting.tenure import Tenure

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def test_one_at_a_time_and_the_next_when_its_term_is_over(store):
    now = [NOON]
    one, two = (Tenure(store, "x", holder=name, clock=lambda: now[0]) for name in "ab")
    assert await one.hold()
    assert not await two.hold()
    now[0] += 20
    assert await one.hold()
    assert one.until == NOON + 50
    now[0] += 31
    assert await two.hold()
    assert not await one.hold()
    assert one.until == 0


async def test_what_is_given_back_is_free_at_once(store):
    one, two = (Tenure(store, "x", holder=name, clock=lambda: NOON) for name in "ab")
    assert await one.hold()
    await one.release()
    assert await two.hold()
