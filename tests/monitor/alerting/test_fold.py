import pytest

from alerting_samples import NOON, exposure, finding
from monitor.alerting.exposures.states import idempotency_key
from monitor.alerting.fold import Origin, Route, routed, tellings
from monitor.alerting.notifiers.base import Change
from monitor.alerting.policy.table import Action
from monitor.contracts import Mode, Sighting

ROUTES = (
    Route("all"),
    Route("pager", frozenset({"page"})),
    Route("tracker", frozenset({"ticket"})),
    Route("drills", frozenset(), drills=True),
)


@pytest.mark.parametrize(
    ("action", "mode", "names"),
    [
        (Action.PAGE, Mode.LIVE, ["all", "pager"]),
        (Action.PAGE, Mode.REPLAY, ["all", "pager"]),
        (Action.TICKET, Mode.LIVE, ["all", "tracker"]),
        (Action.RECORD, Mode.LIVE, []),
        (Action.PAGE, Mode.EXERCISE, ["drills"]),
    ],
)
def test_who_hears_of_it(action, mode, names):
    assert routed(ROUTES, action=action, mode=mode) == names


def test_all_notifiers_of_a_change_get_one_key():
    row = exposure()
    made = tellings(row, Change.OPENED, Action.PAGE, ["a", "b"], now=NOON, origin=Origin(NOON - 1))
    assert [(t.notifier, t.key, t.change, t.fetched_at) for t in made] == [
        ("a", idempotency_key(row, Change.OPENED), "opened", NOON - 1),
        ("b", idempotency_key(row, Change.OPENED), "opened", NOON - 1),
    ]


def test_a_telling_keeps_what_names_the_exposure_now():
    (made,) = tellings(exposure(rule="r"), Change.OPENED, Action.PAGE, ["a"], now=NOON)
    assert (made.labels["rule"], made.labels["incident"]) == ("r", "acme/code")


@pytest.mark.parametrize(
    ("event", "published"),
    [
        (finding(), NOON - 60),
        (finding(published_at=None), None),
        (finding(history=True), None),  # its age says nothing about us
        (finding(mode="replay"), None),
        (finding(mode="exercise"), None),
        (Sighting("s", "ce01", NOON, NOON - 5), NOON - 5),
        (Sighting("s", "ce01", NOON, NOON - 5, history=True), None),
    ],
)
def test_whose_age_says_how_late_we_are(event, published):
    assert Origin.of(event).published_at == published


def test_a_foreign_trace_id_does_not_get_into_the_store():
    assert Origin.of(finding(trace_id="00aa")).trace_id == "00aa"
    assert Origin.of(finding(trace_id="x" * 1000)).trace_id == ""
