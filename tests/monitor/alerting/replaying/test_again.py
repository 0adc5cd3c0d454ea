from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alerting_samples import NOON, WATCH, finding, fingerprint, open_store, records, service, sighting
from monitor.alerting.fold import Route
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.policy.table import Policy
from monitor.alerting.replaying.again import Again, Foresight
from monitor.alerting.service import Rules
from monitor.store.engine import Store
from monitor.store.exposures import load
from monitor.store.janitor import Janitor
from monitor.store.records import audit_of
from monitor.store.tables import exposures, outbox

pytestmark = pytest.mark.usefixtures("each_store")
ROUTES = (Route("hook"),)
LATER = NOON + 3600


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


def again(store: Store, kind: type[Again] = Again, watch: WatchSettings = WATCH) -> Again:
    rules = Rules(Ownership(watch), Policy(), ROUTES)
    handle = service(store, watch=watch, clock=lambda: LATER).handle
    return kind(store, rules, handle, clock=lambda: LATER, actor="cli:test")


async def told(store: Store) -> Counter[str]:
    async with store.read() as connection:
        return Counter((await connection.execute(select(outbox.c.change))).scalars())


async def row(store: Store, leak: str = "a") -> Any:
    async with store.read() as connection:
        return (await load(connection, [fingerprint(leak)])).get(fingerprint(leak))


OURS = {"repository": "acme/code"}
NOBODY = WatchSettings()


async def test_one_of_nobody_becomes_ours_and_its_history_says_how(store: Store) -> None:
    batch = records([finding("a", **OURS), finding("b")])
    await service(store, watch=NOBODY).handle(batch)
    assert await again(store).kept(batch) == {"attributed": 1, "page": 1, "nobody": 1}
    found = await row(store)
    assert (found.level, found.action, found.sightings, found.mode) == ("proved", "page", 1, "live")
    assert await told(store) == {"opened": 1}
    async with store.read() as connection:
        (entry,) = await audit_of(connection, fingerprint("a"))
    assert (entry["actor"], entry["verb"], entry["detail"]["before"]) == ("cli:test", "attributed", "none")


async def test_what_was_told_is_not_told_again(store: Store) -> None:
    batch = records([finding("a", **OURS), finding("c", hosts=("db.acme.example",))])
    await service(store).handle(batch)
    before = await told(store)
    for _ in range(3):
        assert await again(store).kept(batch) == {"unchanged": 2}
        replayed = records([finding("a", **OURS, mode="replay")])
        assert await again(store).found(replayed) == {"unchanged": 1}
    assert await told(store) == before == {"opened": 2}


async def test_a_closed_one_stays_closed(store: Store) -> None:
    from monitor.alerting.exposures.desk import Exposures
    from monitor.metrics import Metrics

    batch = records([finding("a", **OURS)])
    await service(store).handle(batch)
    await Exposures(store, Metrics(), clock=lambda: LATER).close(fingerprint("a"), "revoked", actor="x")
    await again(store).kept(batch)
    await again(store).found(records([finding("a", **OURS, mode="replay")]))
    assert (await row(store)).state == "closed"
    assert await told(store) == {"opened": 1, "closed": 1}


async def test_a_new_one_is_found_by_replay_until_it_is_seen_live(store: Store) -> None:
    replayed = records([finding("a", **OURS, mode="replay")])
    assert await again(store).found(replayed) == {"opened": 1, "page": 1}
    assert (await row(store)).mode == "replay"
    await service(store).handle(records([finding("a", **OURS)]))
    assert (await row(store)).mode == "live"
    assert await told(store) == {"opened": 1}


async def test_how_long_it_took_is_not_told_of_a_replay(store: Store) -> None:
    rules = Rules(Ownership(WATCH), Policy(), ROUTES)
    from monitor.alerting.selftest import SelfTest
    from monitor.alerting.service import AlertingService
    from monitor.metrics import Metrics

    metrics = Metrics()
    selftest = SelfTest(store, metrics, clock=lambda: LATER, late_seconds=300)
    late = AlertingService(
        store, rules, metrics, selftest, keys=frozenset({"k1"}), clock=lambda: LATER, late=True
    )
    await Again(store, rules, late.handle, clock=lambda: LATER, actor="x").found(records([finding(**OURS)]))
    async with store.read() as connection:
        assert list((await connection.execute(select(outbox.c.fetched_at))).scalars()) == [None]


async def test_places_of_strangers_do_not_come_back(store: Store) -> None:
    batch = records([finding("a")])
    await service(store, watch=NOBODY).handle(batch)
    await Janitor(store).sweep(NOON + 25 * 3600)
    reduced = await row(store)
    assert reduced.unwatched_since is None
    assert await again(store).kept(batch) == {"nobody": 1}
    assert await again(store).found(records([finding("a", mode="replay")])) == {"nobody": 1}
    assert await row(store) == reduced


async def test_a_strangers_leak_that_no_rule_knew_is_counted_like_any(store: Store) -> None:
    assert await again(store).found(records([finding("n", mode="replay")])) == {"opened": 1}
    assert await again(store).kept(records([finding("m")])) == {"nobody": 1}  # alerting has it before it
    assert await row(store, "m") is None


async def test_a_further_place_of_ours_attributes_a_known_blob(store: Store) -> None:
    first = finding("a", path="x.env")
    copy = sighting(first.blob_sha, repository="acme/fork")
    batch = records([first, copy])
    await service(store, watch=NOBODY).handle(batch)
    assert (await row(store)).level == "none"
    assert await again(store).kept(records([copy])) == {"attributed": 1, "page": 1}
    assert (await row(store)).level == "proved"


async def test_a_finding_under_a_strange_key_is_counted(store: Store) -> None:
    strange = records([finding({"k9": fingerprint("z")}, **OURS)])
    assert await again(store).kept(strange) == {"unreadable": 1}


async def test_drills_and_broken_records_are_left_out(store: Store) -> None:
    drill = records([finding("d", **OURS, mode="exercise")])
    broken = [drill[0]._replace(value=b"{")]
    assert await again(store).kept(drill + broken) == {"exercise": 1, "unreadable": 1}
    async with store.read() as connection:
        assert (await connection.execute(select(exposures.c.id))).all() == []


async def test_a_dry_run_says_the_same_and_does_nothing(store: Store) -> None:
    batch = records([finding("a", **OURS), finding("b")])
    await service(store, watch=NOBODY).handle(batch)
    before = await row(store)
    foreseen = again(store, Foresight)
    assert await foreseen.kept(batch) == {"attributed": 1, "page": 1, "nobody": 1}
    new = records([finding("n", **OURS, mode="replay", severity="low")])
    assert await foreseen.found(new) == {"opened": 1}
    assert await foreseen.found(new + batch) == {"unchanged": 2, "nobody": 1}  # each leak counts once
    assert await row(store) == before
    assert await told(store) == {}
