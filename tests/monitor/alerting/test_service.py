import asyncio
import multiprocessing
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from structlog.testing import capture_logs

from alerting_samples import (
    NOON,
    finding,
    fingerprint,
    open_store,
    records,
    service,
    sighting,
)
from busy_store import busy
from monitor.alerting.fold import Route
from monitor.alerting.ownership import WatchSettings
from monitor.alerting.policy.table import Policy, PolicyRow
from monitor.bus.base import RetryableError
from monitor.contracts import CoverageEvent, Gap
from monitor.metrics import Metrics
from monitor.store import ledger
from monitor.store.exposures import load
from monitor.store.queries import sightings_of
from monitor.store.tables import audit, blob_places, exposures, outbox, places, sightings
from store_processes import handle_findings

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def rows(store, table, *columns):
    async with store.read() as connection:
        found = await connection.execute(select(*(table.c[c] for c in columns)))
        return sorted((tuple(row) for row in found), key=repr)


async def one(store, leak="a"):
    async with store.read() as connection:
        return (await load(connection, [fingerprint(leak)]))[fingerprint(leak)]


async def count(store, table):
    async with store.read() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def told(store):
    return Counter(await rows(store, outbox, "exposure_id", "change", "notifier"))


OURS = {"repository": "acme/code"}


async def test_a_canary_vouches_for_its_batch_and_becomes_nothing(store):
    metrics = Metrics()
    canary = finding("c", source="selftest", mode="exercise", rule="leakstream-canary", verdict="proved")
    await service(store, metrics=metrics).handle(records([canary, finding(**OURS)]))
    assert await rows(store, exposures, "id") == [(fingerprint("a"),)]
    assert sum((await told(store)).values()) == 1
    seen = metrics.registry.get_sample_value("leakstream_selftest_seen_total", {"outcome": "ok"})
    assert seen == 1


async def test_a_finding_becomes_an_exposure_with_its_place_and_is_told(store):
    event = finding(**OURS)
    handled = await service(store).handle(records([event]))
    assert (handled.messages, handled.dead) == ((), [])
    row = await one(store)
    assert (row.state, row.level, row.action, row.decision, row.sightings) == (
        "open",
        "proved",
        "page",
        "yours",
        1,
    )
    async with store.read() as connection:
        (kept,) = (await sightings_of(connection, [row.id]))[row.id]
    assert (kept["place"]["repository"], kept["place"]["line"], kept["snippet"]) == (
        "acme/code",
        3,
        event.snippet,
    )
    assert await told(store) == {(fingerprint("a"), "opened", "hook"): 1}


async def test_without_a_watch_list_everything_is_kept_and_nobody_told(store):
    metrics = Metrics()
    await service(store, watch=WatchSettings(), metrics=metrics).handle(
        records([finding(**OURS), finding("b")])
    )
    assert await count(store, exposures) == 2
    assert await count(store, outbox) == 0
    assert (
        metrics.registry.get_sample_value(
            "leakstream_policy_decisions_total", {"action": "record", "reason": "unattributed"}
        )
        == 2
    )


async def test_a_replay_changes_nothing_and_tells_nobody(store):
    batch = records([finding(str(n), repository=f"acme/{n % 3}", path=str(n % 4)) for n in range(20)])
    await service(store).handle(batch)
    before = [await rows(store, table, *table.c.keys()) for table in (exposures, outbox, places, sightings)]
    for _ in range(2):
        await service(store, clock=lambda: NOON + 99).handle(list(reversed(batch)))
    assert [
        await rows(store, table, *table.c.keys()) for table in (exposures, outbox, places, sightings)
    ] == before


async def test_the_same_place_from_two_sources_is_one(store):
    await service(store).handle(
        records([finding(**OURS), finding(**OURS, source="git"), finding(**OURS, path="b")])
    )
    assert (await one(store)).sightings == 2


async def test_routes_take_what_they_are_for(store):
    routes = [
        Route("pager", frozenset({"page"})),
        Route("tracker", frozenset({"ticket"})),
        Route("drill", drills=True),
    ]
    svc = service(store, routes=routes)
    await svc.handle(
        records(
            [
                finding("page", **OURS),
                finding("ticket", hosts=("db.acme.example",)),
                finding("exercise", mode="exercise"),
                finding("stranger"),
            ]
        )
    )
    assert await told(store) == {
        (fingerprint("page"), "opened", "pager"): 1,
        (fingerprint("page"), "opened", "drill"): 1,
        (fingerprint("ticket"), "opened", "tracker"): 1,
        (fingerprint("ticket"), "opened", "drill"): 1,
        (fingerprint("exercise"), "opened", "drill"): 1,
    }


async def test_dropped_by_the_policy_leaves_nothing_and_is_counted(store):
    metrics = Metrics()
    policy = Policy((PolicyRow(name="noise", action="drop", owned="none"),))
    await service(store, policy=policy, metrics=metrics).handle(records([finding(), finding(path="b")]))
    for table in (exposures, places, sightings):
        assert await count(store, table) == 0
    value = metrics.registry.get_sample_value
    assert value("leakstream_dropped_total", {"stage": "alerting", "reason": "policy"}) == 2
    assert value("leakstream_policy_decisions_total", {"action": "drop", "reason": "noise"}) == 2


async def test_a_drill_is_not_counted_as_a_leak(store):
    metrics = Metrics()
    await service(store, metrics=metrics).handle(records([finding(mode="exercise"), finding("b")]))
    assert metrics.registry.get_sample_value("leakstream_exposures_total", {"change": "opened"}) == 1


async def test_what_is_opened_is_counted_by_the_source_that_showed_it_first(store):
    metrics = Metrics()
    batch = records([finding(), finding(path="b", source="pastebin"), finding("b", source="pastebin")])
    await service(store, metrics=metrics).handle(batch)
    value = metrics.registry.get_sample_value
    assert value("leakstream_source_exposures_total", {"source": "github_events"}) == 1
    assert value("leakstream_source_exposures_total", {"source": "pastebin"}) == 1


async def test_it_becomes_ours_when_the_watch_list_grows_and_the_topic_is_replayed(store):
    batch = records([finding(**OURS)])
    await service(store, watch=WatchSettings()).handle(batch)
    assert await count(store, outbox) == 0
    await service(store).handle(batch)
    await service(store).handle(batch)
    assert await told(store) == {(fingerprint("a"), "opened", "hook"): 1}
    assert (await one(store)).sightings == 1


async def test_a_rotated_key_pages_nobody(store):
    old, both, new = (
        {"k1": fingerprint("a")},
        {"k2": fingerprint("a2"), "k1": fingerprint("a")},
        {"k2": fingerprint("a2")},
    )
    for leak in (old, both, new, old):
        await service(store).handle(records([finding(**OURS, leak=leak)]))
    assert await rows(store, exposures, "id", "sightings") == [(fingerprint("a"), 1)]
    assert sum((await told(store)).values()) == 1


async def test_two_exposures_of_one_leak_go_on_as_the_older_one(store):
    await service(store).handle(
        records([finding("a", **OURS, fetched_at=NOON + 5), finding("b", **OURS, fetched_at=NOON)])
    )
    both = {"k2": fingerprint("a"), "k1": fingerprint("b")}
    await service(store).handle(records([finding(repository="acme/new", leak=both)]))
    assert ((await one(store, "a")).sightings, (await one(store, "b")).sightings) == (1, 2)


async def test_a_known_blob_elsewhere_is_one_more_place(store):
    event = finding(repository="stranger/x")
    twice = finding(repository="stranger/x", n=1)
    await service(store).handle(records([event, twice]))
    copy = sighting(event.blob_sha, repository="acme/copy")
    for _ in range(2):
        await service(store).handle(records([copy]))
    row = await one(store)
    assert (row.sightings, row.level, row.last_seen) == (4, "proved", copy.seen_at)
    assert await told(store) == {(fingerprint("a"), "opened", "hook"): 1}


async def test_a_sighting_may_come_before_the_finding(store):
    event = finding(repository="stranger/x")
    await service(store).handle(records([sighting(event.blob_sha, repository="acme/copy")]))
    assert await count(store, exposures) == 0
    await service(store).handle(records([event]))
    await service(store).handle(records([event]))
    row = await one(store)
    assert (row.sightings, row.level) == (2, "proved")


async def test_a_sighting_of_no_blob_is_counted_and_left_out(store):
    metrics = Metrics()
    await service(store, metrics=metrics).handle(records([sighting("", repository="acme/copy")]))
    assert await count(store, blob_places) == 0
    labels = {"stage": "alerting", "reason": "no_blob"}
    assert metrics.registry.get_sample_value("leakstream_dropped_total", labels) == 1


async def test_finding_and_sighting_in_one_batch(store):
    event = finding(**OURS)
    copies = [sighting(event.blob_sha, repository=f"acme/{n}") for n in range(3)]
    await service(store).handle(records([copies[0], event, *copies[1:]]))
    assert (await one(store)).sightings == 4


async def test_a_reopening_is_told_and_in_the_log(store):
    await service(store).handle(records([finding(**OURS)]))
    async with store.write() as connection:
        await connection.execute(
            exposures.update().values(state="closed", closed_at=NOON, close_scope="seen")
        )
    await service(store).handle(records([finding(**OURS)]))
    assert (await one(store)).state == "closed"
    await service(store).handle(records([finding(**OURS, path="again")]))
    assert (await told(store))[fingerprint("a"), "reopened", "hook"] == 1
    assert await rows(store, audit, "actor", "verb") == [("system", "reopened")]


async def test_broken_records_go_to_the_dead_letters_and_hold_up_nobody(store):
    good, broken = records([finding(**OURS), finding("b", **OURS)])
    broken = broken._replace(value=b"{")
    handled = await service(store).handle([broken, good])
    assert [(dead.record, dead.reason) for dead in handled.dead] == [(broken, "not_json")]
    assert await count(store, exposures) == 1


async def test_findings_under_a_strange_key_open_nothing_and_are_told_in_the_log_once(store):
    strange = [finding(**OURS, leak={"k9": fingerprint(name)}) for name in "abc"]
    svc = service(store)
    with capture_logs() as logs:
        one = await svc.handle(records([*strange[:2], finding("d", **OURS)]))
        two = await svc.handle(records(strange[2:]))
    assert [letter.reason for letter in [*one.dead, *two.dead]] == ["foreign_key"] * 3
    assert await rows(store, exposures, "id") == [(fingerprint("d"),)]
    (said,) = [line for line in logs if line["event"] != "decided"]
    assert (said["log_level"], said["known"]) == ("error", ["k1", "k2"])
    assert "another key file" in said["event"]


async def ledger_of(store):
    async with store.read() as connection:
        return [entry.told() async for entry in ledger.entries(connection, items=True)]


async def test_coverage_is_kept_once(store):
    event = CoverageEvent(source="s", since=1.0, until=2.0, listed=5, skipped={"size": 2})
    for _ in range(2):
        await service(store).handle(records([event]))
    (kept,) = await ledger_of(store)
    assert (kept.at, kept.event) == (NOON + 10, event)


async def test_a_loss_that_is_told_again_is_in_the_ledger_once(store):
    def lost(at, *gaps):
        count = sum(gap.last - gap.first + 1 for gap in gaps)
        return CoverageEvent(source="bus:d", since=at, until=at, lost=count, blind="retention", gaps=gaps)

    both, again, grown = (
        lost(1.0, Gap(0, 5, 7), Gap(1, 0, 9)),
        lost(2.0, Gap(1, 0, 9)),
        lost(3.0, Gap(0, 5, 20)),
    )
    for event in (both, again, again, grown, both, lost(3.0, Gap(1, 10, 10))):
        await service(store).handle(records([event]))
    kept = [told.event for told in await ledger_of(store)]
    told = {(gap.partition, gap.first, gap.last): event.lost for event in kept for gap in event.gaps}
    # the one that grew is one more entry: nothing that was written is changed
    assert told == {(0, 5, 7): 3, (1, 0, 9): 10, (0, 5, 20): 16, (1, 10, 10): 1}
    assert len(kept) == 4


async def test_a_busy_store_is_retried_by_the_runner_and_counts_nothing(store):
    metrics = Metrics()
    async with busy(store):
        with pytest.raises(RetryableError):
            await service(store, metrics=metrics).handle(records([finding(**OURS)]))
    assert metrics.registry.get_sample_value("leakstream_exposures_total", {"change": "opened"}) == 0
    await service(store, metrics=metrics).handle(records([finding(**OURS)]))
    assert metrics.registry.get_sample_value("leakstream_exposures_total", {"change": "opened"}) == 1


async def test_the_deliverer_is_woken_only_when_there_is_something_to_tell(store):
    woken = []
    svc = service(store)
    svc._on_told = lambda: woken.append(1)
    await svc.handle(records([finding("stranger")]))
    assert woken == []
    await svc.handle(records([finding(**OURS)]))
    assert woken == [1]


EVENTS = st.lists(
    st.builds(
        lambda leak, repository, path, severity, hosts: finding(
            leak, repository=repository, path=path, severity=severity, hosts=hosts
        ),
        st.sampled_from("abc"),
        st.sampled_from(["acme/a", "stranger/b"]),
        st.sampled_from("xy"),
        st.sampled_from(["high", "critical"]),
        st.sampled_from([(), ("db.acme.example",)]),
    ),
    min_size=1,
    max_size=10,
)


async def outcome(events, folder: Path, seed: int):
    """What is in the store after the events came in batches, shuffled, some of them twice."""
    shuffle = random.Random(seed)
    events = list(events) + shuffle.sample(events, len(events) // 2)
    shuffle.shuffle(events)
    store = await open_store(folder)
    while events:
        size = shuffle.randint(1, 4)
        batch, events = events[:size], events[size:]
        await service(store).handle(records(batch))
        if shuffle.random() < 0.3:  # the commit of the offset was lost: the batch comes again
            await service(store).handle(records(batch))
    found = {
        "exposures": await rows(
            store, exposures, "id", "state", "rank", "told", "severity", "level", "score", "sightings"
        ),
        "places": await rows(store, places, "place_id", "exposure_id"),
    }
    keys = await rows(store, outbox, "key", "notifier")
    opened = [row for row in await rows(store, outbox, "change", "exposure_id") if row[0] == "opened"]
    await store.close()
    return found, keys, opened


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, st.integers(0, 2**16))
async def test_any_interleaving_and_any_replay_end_in_the_same_exposures(tmp_path_factory, events, seed):
    one, keys, opened = await outcome(events, tmp_path_factory.mktemp("one"), seed)
    two, other_keys, other_opened = await outcome(events, tmp_path_factory.mktemp("two"), seed + 1)
    assert one == two
    assert opened == other_opened
    assert len(set(keys)) == len(keys)
    assert len(set(other_keys)) == len(other_keys)


async def test_two_processes_on_one_file_count_each_place_once_and_page_once(store, tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=handle_findings, args=(tmp_path, seed)) for seed in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert {row[0] for row in await rows(store, exposures, "sightings")} == {10}
    assert await count(store, exposures) == 30
    assert await count(store, places) == 300
    assert await told(store) == {(fingerprint(str(n)), "opened", "hook"): 1 for n in range(30)}
