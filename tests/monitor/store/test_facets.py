import pytest

from alerting_samples import NOON, exposure, open_store, put
from monitor.store.facets import facets
from monitor.store.queries import Filter

pytestmark = pytest.mark.usefixtures("each_store")

ROWS = (
    exposure("a", severity="critical"),
    exposure("b", severity="low", source="git"),
    exposure("c", state="closed", closed_at=NOON, severity="low", rule="other-key"),
    exposure("d", mode="exercise"),
    exposure("e", level="none", reasons=()),
)


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, *ROWS)
    yield opened
    await opened.close()


async def test_each_word_is_counted_as_if_it_were_the_one_asked_for(store):
    async with store.read() as connection:
        found = await facets(connection, Filter(state="open", levels=("proved",)))
    assert found["state"] == {"open": 2, "closed": 1}
    assert found["severity"] == {"critical": 1, "low": 1}
    assert found["level"] == {"proved": 2, "none": 1}
    assert found["source"] == {"github_events": 1, "git": 1}
    assert found["rule"] == {"example-token": 2}
    assert found["mode"] == {"live": 2, "exercise": 1}


async def test_drills_are_counted_where_they_are_asked_for(store):
    async with store.read() as connection:
        assert (await facets(connection, Filter(modes=("exercise",))))["severity"] == {"high": 1}
        assert (await facets(connection, Filter(exercises=True)))["state"] == {"open": 4, "closed": 1}
        assert (await facets(connection, Filter(severities=("low",), source="git")))["severity"] == {"low": 1}
