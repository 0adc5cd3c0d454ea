import pytest

from alerting_samples import NOON, exposure, open_store, put
from monitor.store.rule_counts import Count, by_rule, closed_by_people

pytestmark = pytest.mark.usefixtures("each_store")


def closed(name, reason, *, by="ann", at=NOON, **other):
    return exposure(name, state="closed", closed_at=at, closed_by=by, close_reason=reason, **other)


async def test_how_many_and_what_people_said(tmp_path):
    store = await open_store(tmp_path)
    await put(
        store,
        exposure("a"),
        exposure("b", rule="other"),
        exposure("drill", mode="exercise"),
        closed("c", "revoked"),
        closed("d", "false_alarm"),
        closed("e", "false_alarm"),
        closed("system", "removed", by="system"),
        closed("old", "revoked", at=NOON - 100, rule="other"),
        closed("practice", "revoked", mode="exercise"),
    )
    async with store.read() as connection:
        assert await by_rule(connection) == {"example-token": Count(1, 5), "other": Count(1, 2)}
        said = await closed_by_people(connection, since=NOON - 50)
        assert said == {"example-token": {"revoked": 1, "false_alarm": 2}}
    await store.close()
