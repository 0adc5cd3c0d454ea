from alerting_samples import NOON, exposure, fingerprint
from monitor.alerting.telling.standing import labels_of, stands
from monitor.store.model import Told


def told(change="opened", *, key=None, opening=1, action="page", at=NOON, labels=None):
    labels = {"rule": "example-token"} if labels is None else labels
    return Told(fingerprint("a"), key or f"{change}{opening}{action}", opening, change, action, at, labels)


def folded(*messages, **other):
    found = stands(messages, exposure(**other), {"id": "shown"})
    return [(stand.opening, stand.action, stand.ended and stand.ended - NOON) for stand in found]


def closed(at):
    return {"state": "closed", "closed_at": NOON + at}


def test_one_telling_stands():
    (stand,) = stands([told(key="k")], exposure(), {"id": "shown"})
    assert (stand.key, stand.dedup_key, stand.opening, stand.action) == (
        "k",
        fingerprint("a")[:32],
        1,
        "page",
    )
    assert (stand.since, stand.ended, stand.exposure) == (NOON, None, {"id": "shown"})


def test_an_escalation_within_the_action_moves_nothing():
    first = told(key="first", labels={"rule": "one"})
    worse = told("escalated", key="second", at=NOON + 5, labels={"rule": "other"})
    (stand,) = stands([first, worse], exposure(), {})
    assert (stand.key, stand.labels, stand.since, stand.ended) == ("first", {"rule": "one"}, NOON, None)


def test_from_ticket_to_page_the_ticket_ends():
    assert folded(told(action="ticket"), told("escalated", at=NOON + 5)) == [
        (1, "ticket", 5),
        (1, "page", None),
    ]


def test_back_to_what_was_told_before_it_holds_again():
    messages = [told(), told("escalated", action="ticket", at=NOON + 1), told("escalated", at=NOON + 2)]
    assert folded(*messages) == [(1, "page", None), (1, "ticket", 2)]


def test_that_somebody_has_it_in_hand_changes_nothing():
    in_hand = told("acknowledged", action="ticket", at=NOON + 5)
    assert folded(told(), in_hand) == [(1, "page", None)]
    assert folded(told(), in_hand, told("closed", at=NOON + 7), **closed(7)) == [(1, "page", 7)]


def test_a_close_ends_it():
    assert folded(told(), told("closed", at=NOON + 7), **closed(7)) == [(1, "page", 7)]


def test_a_reopening_is_another_one():
    messages = [told(), told("closed", at=NOON + 7), told("reopened", opening=2, at=NOON + 9)]
    assert folded(*messages, opening=2) == [(1, "page", 7), (2, "page", None)]


def test_a_drill_that_turns_out_to_be_real_is_another_one():
    drill = told(key="drill", labels={"exercise": "true"})
    assert [s.ended for s in stands([drill, told(key="real", at=NOON + 3)], exposure(), {})] == [
        NOON + 3,
        None,
    ]


def test_nothing_holds_of_what_is_closed_or_in_another_opening_whatever_was_told():
    assert folded(told(), **closed(8)) == [(1, "page", 8)]  # the word of the close is gone
    assert folded(told(), opening=2, opened_at=NOON + 9) == [(1, "page", 9)]


def test_nothing_told_nothing_stands():
    assert folded() == []
    assert folded(told("closed"), **closed(1)) == []


def test_labels_name_what_belongs_together():
    assert labels_of(exposure()) == {
        "rule": "example-token",
        "provider": "example",
        "owned": "proved",
        "incident": "acme/code",
    }
    assert labels_of(exposure(mode="exercise"))["exercise"] == "true"
    paste = exposure(source="pastebin", repository="", path="https://pastebin.com/abc")
    assert labels_of(paste)["incident"] == "pastebin https://pastebin.com/abc"
    assert labels_of(exposure(repository="", path=""))["incident"] == "github_events"


def test_the_place_of_what_nobody_watches_is_no_label():
    assert labels_of(exposure(level="none"))["incident"] == "github_events"


def test_a_long_incident_is_cut_and_stays_apart_from_others():
    one, other = (labels_of(exposure(repository="a/" + "b" * 500 + end))["incident"] for end in "xy")
    assert len(one) == len(other) == 200
    assert one != other
