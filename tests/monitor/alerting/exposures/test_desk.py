import orjson
import pytest
from sqlalchemy import select

from alerting_samples import NOON, exposure, finding, fingerprint, open_store, put, records, service
from monitor.alerting.exposures.desk import Exposures, UnknownExposure
from monitor.alerting.exposures.states import CloseReason, Scope, WrongState
from monitor.alerting.fold import Route
from monitor.metrics import Metrics
from monitor.store.errors import Overtaken
from monitor.store.queries import Filter
from monitor.store.tables import audit, outbox

pytestmark = pytest.mark.usefixtures("each_store")

OURS = {"repository": "acme/code"}


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def woken():
    return []


@pytest.fixture
def people(store, woken):
    return Exposures(
        store, Metrics(), clock=lambda: NOON + 50, routes=[Route("hook")], on_told=lambda: woken.append(1)
    )


async def column(store, column):
    async with store.read() as connection:
        return list((await connection.execute(select(column).order_by(column.table.c.id))).scalars())


async def test_list_pages_and_counts(store, people):
    await put(store, *(exposure(str(n), last_seen=NOON + n) for n in range(7)))
    seen, after = [], ""
    while True:
        page = await people.list(Filter(), actor="ann", limit=3, after=after)
        assert page.total.number == 7
        seen += [row["id"] for row in page.exposures]
        if not (after := page.next):
            break
    assert seen == [fingerprint(str(n)) for n in reversed(range(7))]
    assert await column(store, audit.c.verb) == ["listed"] * 3
    with pytest.raises(ValueError, match="float"):
        await people.list(Filter(), actor="ann", after="rubbish")


async def test_show_by_the_beginning_of_any_fingerprint_and_remember_who_looked(store, people):
    await service(store).handle(
        records([finding(**OURS, leak={"k2": fingerprint("n"), "k1": fingerprint("o")})])
    )
    for name in (fingerprint("n"), fingerprint("o")[:12], f" {fingerprint('n')[:8].upper()} "):
        shown = await people.show(name, actor="ann")
        assert shown["id"] == fingerprint("n")
    assert shown["places"][0]["repository"] == "acme/code"
    assert [(entry["actor"], entry["verb"]) for entry in shown["history"]] == [("ann", "viewed")] * 3
    assert orjson.loads(orjson.dumps(shown)) == shown  # the command and the API print it as JSON


@pytest.mark.parametrize("name", ["", "abc", "not hexadecimal", "%" * 8, "0" * 12])
async def test_names_that_name_nothing(store, people, name):
    await put(store, exposure())
    with pytest.raises(UnknownExposure):
        await people.show(name, actor="ann")


async def test_a_beginning_of_several_is_refused(store, people):
    await put(store, exposure(id="abcdef" + "0" * 58), exposure(id="abcdef" + "1" * 58))
    with pytest.raises(UnknownExposure, match="several"):
        await people.show("abcdef", actor="ann")


async def test_close_tells_those_who_were_told_and_is_logged(store, people, woken):
    await service(store, routes=[Route("hook"), Route("gone")]).handle(records([finding(**OURS)]))
    closed = await people.close(fingerprint("a"), CloseReason.REVOKED, actor="ann", note="rotated")
    assert closed["closed"] == {
        "at": "2023-11-15T12:00:50Z",
        "by": "ann",
        "reason": "revoked",
        "scope": "leak",
        "where": "",
        "note": "rotated",
    }
    assert await column(store, outbox.c.change) == ["opened", "opened", "closed", "closed"]
    assert await column(store, audit.c.detail) == [
        {"reason": "revoked", "scope": "leak", "where": "", "note": "rotated"},
        {"seconds": 110.0, "ended_by": "revoked"},
    ]
    assert woken == [1]
    with pytest.raises(WrongState):
        await people.close(fingerprint("a"), CloseReason.TEST, actor="bob")
    assert len(await column(store, outbox.c.change)) == 4


async def test_a_reason_that_is_none(store, people):
    await put(store, exposure())
    assert people.close_reasons == ("revoked", "removed", "false_alarm", "test", "not_ours")
    with pytest.raises(ValueError, match="whim"):
        await people.close(fingerprint("a"), "whim", actor="ann")
    assert (await people.show(fingerprint("a"), actor="ann"))["state"] == "open"


async def test_close_what_nobody_was_told_of_tells_nobody(store, people):
    await service(store).handle(records([finding()]))
    await people.close(fingerprint("a"), CloseReason.NOT_OURS, actor="ann")
    assert await column(store, outbox.c.change) == []


@pytest.mark.parametrize(
    ("reason", "scope", "where", "reopens"),
    [
        (CloseReason.REVOKED, None, "", []),
        (CloseReason.REMOVED, None, "", ["acme/code", "acme/other"]),
        (CloseReason.FALSE_ALARM, Scope.REPOSITORY, "", ["acme/other"]),
        (CloseReason.FALSE_ALARM, Scope.REPOSITORY, "acme/other", ["acme/code"]),
    ],
)
async def test_what_a_close_mutes(store, people, reason, scope, where, reopens):
    for repository in ("acme/code", "acme/other"):
        leak = repository.replace("/", "")
        await service(store).handle(records([finding(leak, **OURS)]))
        await people.close(fingerprint(leak), reason, actor="ann", scope=scope, where=where)
        await service(store).handle(records([finding(leak, **OURS)]))  # the place that was there before
        await service(store).handle(records([finding(leak, repository=repository, path="new")]))
        state = (await people.show(fingerprint(leak), actor="ann"))["state"]
        assert state == ("open" if repository in reopens else "closed")


async def test_reopen_is_the_next_opening_and_told(store, people):
    await service(store).handle(records([finding(**OURS)]))
    with pytest.raises(WrongState):
        await people.reopen(fingerprint("a"), actor="ann")
    await people.close(fingerprint("a"), CloseReason.TEST, actor="ann")
    again = await people.reopen(fingerprint("a"), actor="bob")
    assert (again["state"], again["opening"], again["closed"]) == ("open", 2, None)
    await people.close(fingerprint("a"), CloseReason.TEST, actor="ann")
    assert await column(store, outbox.c.change) == ["opened", "closed", "reopened", "closed"]
    assert len(set(await column(store, outbox.c.key))) == 4
    assert await column(store, audit.c.verb) == ["closed", "reopened", "closed"]


async def test_to_acknowledge_is_shown_and_ends_nothing(store, people, woken):
    await put(store, exposure())
    shown = await people.acknowledge(fingerprint("a"), actor="ann")

    assert (shown["state"], shown["acknowledged"]["by"]) == ("open", "ann")
    assert await column(store, audit.c.verb) == ["acknowledged"]
    assert not woken
    with pytest.raises(WrongState, match="by ann"):
        await people.acknowledge(fingerprint("a"), actor="bob")


async def test_pagers_that_were_told_hear_that_somebody_has_it_in_hand(store, woken):
    routes = [
        Route("pager", acknowledges=True),
        Route("chat"),
        Route("tickets", tells=frozenset({"ticket"}), acknowledges=True),
    ]
    people = Exposures(
        store, Metrics(), clock=lambda: NOON + 50, routes=routes, on_told=lambda: woken.append(1)
    )
    await service(store, routes=routes).handle(records([finding(**OURS)]))
    assert await column(store, outbox.c.notifier) == ["pager", "chat"]
    await people.acknowledge(fingerprint("a"), actor="ann")
    assert await column(store, outbox.c.change) == ["opened", "opened", "acknowledged"]
    assert (await column(store, outbox.c.notifier))[2] == "pager"
    assert woken == [1]
    await people.close(fingerprint("a"), CloseReason.REVOKED, actor="ann")
    await people.reopen(fingerprint("a"), actor="ann")
    await people.acknowledge(fingerprint("a"), actor="bob")
    told = [
        change
        for change, name in zip(
            await column(store, outbox.c.change), await column(store, outbox.c.notifier), strict=True
        )
        if name == "pager"
    ]
    assert told == ["opened", "acknowledged", "closed", "reopened", "acknowledged"]
    assert len(set(await column(store, outbox.c.key))) == 5


async def test_what_is_revoked_stays_open_and_its_window_ends(store, people):
    await put(store, exposure())
    with pytest.raises(ValueError, match="future"):
        await people.revoke(fingerprint("a"), actor="ann", at=NOON + 51)
    shown = await people.revoke(fingerprint("a"), actor="ann", at=NOON + 20)

    assert (shown["state"], shown["window"]["seconds"], shown["window"]["ended_by"]) == (
        "open",
        80,
        "revoked",
    )
    assert await column(store, audit.c.verb) == ["revoked", "window_ended"]
    assert (await column(store, audit.c.detail))[1] == {"seconds": 80.0, "ended_by": "revoked"}
    closed = await people.close(fingerprint("a"), "revoked", actor="ann")
    assert closed["window"] == shown["window"]
    assert await column(store, audit.c.verb) == ["revoked", "window_ended", "closed"]


async def test_a_revocation_that_was_none_is_taken_back_by_opening_again(store, people):
    await put(store, exposure())
    await people.close(fingerprint("a"), "revoked", actor="ann")
    shown = await people.reopen(fingerprint("a"), actor="ann")

    assert (shown["revoked_at"], shown["window"]["until"]) == (None, None)


async def test_a_step_is_ticked_and_the_tick_taken_away_again(store, people):
    await put(store, exposure())
    await people.tick(fingerprint("a"), "stop", done=True, actor="ann")
    await people.tick(fingerprint("a"), "stop", done=True, actor="bob")  # it is so already
    first, second, *_ = (await people.show(fingerprint("a"), actor="ann"))["checklist"]
    assert (first["step"], first["done"]) == ("stop", {"at": "2023-11-15T12:00:50Z", "by": "ann"})
    assert second["done"] is None
    await people.tick(fingerprint("a"), "stop", done=False, actor="bob")
    shown = await people.show(fingerprint("a"), actor="ann")
    assert shown["checklist"][0]["done"] is None
    assert [(e["actor"], e["verb"]) for e in shown["changes"]] == [("bob", "unticked"), ("ann", "ticked")]
    with pytest.raises(ValueError, match="no step 'dance'"):
        await people.tick(fingerprint("a"), "dance", done=True, actor="ann")


async def test_what_was_told_is_shown(store, people):
    await service(store).handle(records([finding(**OURS)]))
    (told,) = (await people.show(fingerprint("a"), actor="ann"))["told"]
    assert (told["notifier"], told["change"], told["state"], told["delivered_at"]) == (
        "hook",
        "opened",
        "pending",
        None,
    )


async def test_the_mark_changes_with_what_is_shown_and_a_look_is_no_change(store, people):
    await put(store, exposure())
    before = await people.mark(fingerprint("a")[:12])
    await people.show(fingerprint("a"), actor="ann")
    assert await people.mark(fingerprint("a")) == before
    marks = {before}
    for change in (people.acknowledge, people.revoke):
        await change(fingerprint("a"), actor="ann")
        marks.add(await people.mark(fingerprint("a")))
    await people.tick(fingerprint("a"), "stop", done=True, actor="ann")
    assert len(marks | {await people.mark(fingerprint("a"))}) == 4


async def test_what_was_opened_since_is_counted_and_nothing_is_logged(store, people):
    rows = [exposure(str(n), last_seen=NOON + n, opened_at=NOON + n) for n in range(7)]
    await put(store, *rows, exposure("old", last_seen=NOON + 99))
    assert await people.opened_since(Filter(), NOON + 3) == 3
    assert await people.opened_since(Filter(severities=("low",)), NOON) == 0
    assert await people.newest(Filter()) == NOON + 6
    assert await people.opened_since(Filter(), await people.newest(Filter())) == 0
    assert await people.newest(Filter(severities=("low",))) == 0.0
    assert (await people.facets(Filter()))["severity"] == {"high": 8}
    assert await column(store, audit.c.verb) == []


async def test_who_looked_at_something_else_changes_nothing(store, people):
    await put(store, exposure())
    name = fingerprint("a")
    seen = await people.mark(name)
    await people.acknowledge(name, actor="ann", mark=seen)
    for change in (
        people.close(name, "revoked", actor="bob", mark=seen),
        people.revoke(name, actor="bob", mark=seen),
        people.acknowledge(name, actor="bob", mark=seen),
        people.reopen(name, actor="bob", mark=seen),
    ):
        with pytest.raises(Overtaken, match="look again"):
            await change
    assert await column(store, audit.c.verb) == ["acknowledged"]
    closed = await people.close(name, "revoked", actor="bob", mark=await people.mark(name))
    assert closed["state"] == "closed"


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        (CloseReason.REVOKED, "confirmed"),
        (CloseReason.REMOVED, "confirmed"),
        (CloseReason.FALSE_ALARM, "false_positive"),
        (CloseReason.TEST, "other"),
        (CloseReason.NOT_OURS, "other"),
    ],
)
async def test_a_close_says_what_the_rule_is_worth(store, reason, verdict):
    metrics = Metrics()
    people = Exposures(store, metrics, clock=lambda: NOON + 50)
    await put(store, exposure("n", rule="r"), exposure("x", rule="drill", mode="exercise"))
    await people.close(fingerprint("n"), reason, actor="ann")
    await people.close(fingerprint("x"), reason, actor="ann")
    told = {
        (sample.labels["rule"], sample.labels["verdict"]): sample.value
        for family in metrics.rule_verdicts.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    expected = {("r", word): 0.0 for word in ("confirmed", "false_positive", "other")}
    assert told == {**expected, ("r", verdict): 1.0}
