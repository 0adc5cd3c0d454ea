import pytest
from sqlalchemy import select

from alerting_samples import NOON, exposure, open_store
from monitor.alerting.exposures.windows import record_end, window_of
from monitor.store.tables import audit

pytestmark = pytest.mark.usefixtures("each_store")

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


def test_a_window_is_never_negative():
    assert window_of(exposure(first_published=None, revoked_at=NOON - 5)).seconds(NOON) == 0


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ({}, {"removed_at": NOON + 40}, [{"seconds": 100.0, "ended_by": "removed"}]),
        ({}, {}, []),
        ({"revoked_at": NOON}, {"revoked_at": NOON, "removed_at": NOON + 40}, []),
        ({"level": "none"}, {"level": "none", "removed_at": NOON + 40}, []),
        ({"mode": "exercise"}, {"mode": "exercise", "removed_at": NOON + 40}, []),
    ],
)
async def test_an_end_is_kept_once_and_only_of_what_is_somebodys(store, before, after, kept):
    async with store.write() as connection:
        await record_end(connection, exposure(**before), exposure(**after), at=NOON + 50)
        found = list((await connection.execute(select(audit.c.detail))).scalars())

    assert found == kept
