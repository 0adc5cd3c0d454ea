"""Rows as messages: what a summary says, and what ends with a close."""

import pytest

from alerting_samples import NOON, exposure, open_store, put, tell, telling
from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.notifiers.base import Announcement, Notification, Topic
from monitor.alerting.telling.composing import SHOWN, Composer
from monitor.alerting.telling.grouping import summary_dedup_key
from monitor.store import outbox
from monitor.store.outbox import heads, take

pytestmark = pytest.mark.usefixtures("each_store")
CONSOLE = "https://leaks.acme.example"


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def leased(store, *, together, limit=1000):
    async with store.write() as connection:
        rows = await heads(connection, "hook", now=NOON + 1, limit=limit)
        taken = await take(connection, rows, until=NOON + 30, message="m" * 32 if together else "")
    return [taken] if together else [[row] for row in taken]


async def fill(store, count, **other):
    names = [f"leak{n}" for n in range(count)]
    await put(store, *(exposure(name, **({"rank": 1000 + n} | other)) for n, name in enumerate(names)))
    await tell(store, *(telling(f"k{n}", leak=name, incident="acme/code") for n, name in enumerate(names)))


async def test_one_row_is_the_exposure_itself(store):
    await fill(store, 1)
    ((rows, message),) = await Composer(store).compose(await leased(store, together=False))
    assert isinstance(message, Notification)
    assert (message.key, rows[0].key, message.over) == ("k0", "k0", ())


async def test_the_clock_of_personal_data_is_the_configured_one(store):
    await fill(store, 1, rule="pii-email-list", provider="pii")
    privacy = PrivacySettings(authority="the CNIL", hours=24)
    ((_, message),) = await Composer(store, privacy=privacy).compose(await leased(store, together=False))
    assert isinstance(message, Notification)
    assert message.exposure["personal"]["deadline"] == "2023-11-16T12:00:00Z"
    assert any("has the CNIL notified by 2023-11-16 12:00 UTC" in step for step in message.exposure["steps"])


async def test_a_burst_says_how_many_of_what_where_and_carries_all_keys(store):
    await put(
        store,
        exposure("mild", severity="low", rank=10, path="x.env"),
        exposure("bad", severity="critical", rank=2000, path="y.env"),
    )
    await tell(
        store,
        telling("k1", leak="mild", incident="acme/code", at=NOON),
        telling("k2", leak="bad", incident="acme/code", change="reopened", at=NOON - 5),
    )
    ((_, message),) = await Composer(store, console=CONSOLE + "/").compose(await leased(store, together=True))
    assert isinstance(message, Announcement)
    assert (message.topic, message.headline) == (Topic.INCIDENT, "2 more in acme/code")
    assert (message.severity, message.action, message.created_at) == ("critical", "page", NOON - 5)
    assert message.lines[0] == "by severity: 1 critical, 1 low"
    assert message.lines[2].endswith("critical: Example token at y.env (back)")
    assert message.lines[3].endswith("low: Example token at x.env")
    assert message.url == f"{CONSOLE}/exposures?state=all&q=acme%2Fcode"
    assert sorted(message.carries) == ["k1", "k2"]
    assert (message.key, message.dedup_key) == ("m" * 32, summary_dedup_key("acme/code", "page"))


async def test_a_long_one_names_the_worst_and_counts_the_rest(store):
    await fill(store, SHOWN + 7)
    ((_, message),) = await Composer(store).compose(await leased(store, together=True))
    assert len(message.lines) == 2 + SHOWN + 1
    assert message.lines[-1] == "and 7 more: see the console"
    assert message.headline == f"{SHOWN + 7} more in acme/code"
    assert len(message.carries) == SHOWN + 7


async def test_a_storm_counts_by_place(store):
    await put(store, *(exposure(f"s{n}", repository=f"acme/{n % 12}") for n in range(24)))
    await tell(store, *(telling(f"k{n}", leak=f"s{n}", incident=f"acme/{n % 12}") for n in range(24)))
    ((_, message),) = await Composer(store, console=CONSOLE).compose(await leased(store, together=True))
    assert (message.topic, message.headline) == (Topic.STORM, "24 more in 12 places")
    assert "2 in acme/0" in message.lines
    assert "and in 2 more places" in message.lines
    assert message.url == f"{CONSOLE}/exposures?state=all"


async def test_of_what_nobody_watches_no_place_is_named(store):
    await fill(store, 2, level="none", path="secret-place.env", repository="stranger/code")
    ((_, message),) = await Composer(store, console=CONSOLE).compose(await leased(store, together=True))
    assert "secret-place" not in " ".join(message.lines)
    assert message.url == f"{CONSOLE}/exposures?state=all"


async def test_the_last_close_of_an_incident_ends_its_summary(store):
    await put(store, *(exposure(name, state="closed", closed_at=NOON) for name in "abc"), exposure("d"))
    await tell(store, *(telling(f"{n}", leak=n, incident="over") for n in "ab"))
    await tell(store, *(telling(f"{n}", leak=n, incident="lasts") for n in "cd"))
    (summed,) = await leased(store, together=True)
    async with store.write() as connection:
        await outbox.settle_delivered(connection, summed, at=NOON, together=True)
    await tell(store, telling("a end", leak="a", change="closed", incident="over"))
    await tell(store, telling("c end", leak="c", change="closed", incident="lasts"))
    composed = await Composer(store).compose(await leased(store, together=False))
    assert {rows[0].key: list(message.over) for rows, message in composed} == {
        "a end": [summary_dedup_key("over", "page")],
        "c end": [],
    }


async def test_what_retention_took_is_left_out(store):
    await fill(store, 2)
    rows = (await leased(store, together=True))[0]
    gone = [
        type(rows[0])(**{f: getattr(row, f) for f in row.__slots__} | {"exposure_id": "gone"}) for row in rows
    ]
    assert await Composer(store).compose([gone]) == []
