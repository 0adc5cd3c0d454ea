"""What goes alone, together or later, as a table of worlds. Times are seconds; now is 1000."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerting.telling.grouping import Grouping, plan, summary_dedup_key, summary_key
from monitor.store.model import Sent, Waiting

NOW = 1000.0
RULES = Grouping(
    seconds=60,
    after=3,
    storm_after=10,
    storm_seconds=180,
    sums=frozenset({"opened", "reopened", "escalated"}),
)
_numbers = itertools.count(1)


def row(incident="acme/infra", action="ticket", **other):
    number = next(_numbers)
    values = {
        "id": number,
        "exposure_id": f"e{number}",
        "opening": 1,
        "change": "opened",
        "action": action,
        "created_at": NOW,
        "key": f"k{number}",
        "incident": incident,
        "reason": "",
        "message": "",
        "drill": False,
        "overtaken": False,
    }
    return Waiting(**(values | other))


def sent(at, incident="acme/infra", action="ticket", carried=1):
    return Sent(action, incident, at, carried)


def sizes(found):
    return [len(rows) for rows in found.messages]


def held(found):
    return [(len(rows), until, reason) for rows, until, reason in found.held]


def test_the_first_goes_at_once():
    found = plan([row()], [], RULES, now=NOW)
    assert (sizes(found), held(found)) == ([1], [])


def test_the_first_three_go_at_once_and_thirty_seven_more_wait_for_the_end_of_the_minute():
    found = plan([row() for _ in range(40)], [], RULES, now=NOW)
    assert (sizes(found), held(found)) == ([1, 1, 1], [(37, NOW + 60, "grouped")])


def test_the_minute_begins_with_the_first_message():
    found = plan([row(), row()], [sent(960), sent(970)], RULES, now=NOW)
    assert (sizes(found), held(found)) == ([1], [(1, 1020, "grouped")])


def test_what_waited_becomes_one_message():
    rows = [row(reason="grouped") for _ in range(37)]
    found = plan([*rows, row()], [sent(940)], RULES, now=NOW)
    assert (sizes(found), held(found)) == ([38], [])


def test_one_that_waited_alone_is_told_as_itself():
    assert sizes(plan([row(reason="grouped")], [], RULES, now=NOW)) == [1]


def test_while_a_burst_goes_on_there_is_one_summary_a_minute():
    found = plan([row() for _ in range(5)], [sent(980, carried=37)], RULES, now=NOW)
    assert (sizes(found), held(found)) == ([], [(5, 1040, "grouped")])


def test_another_incident_is_not_held_by_it():
    rows = [row() for _ in range(4)] + [row("acme/other")]
    found = plan(rows, [], RULES, now=NOW)
    assert sizes(found) == [1, 1, 1, 1]
    assert found.messages[-1][0].incident == "acme/other"


def test_tickets_never_hold_up_a_page_and_pages_go_first():
    rows = [row() for _ in range(5)] + [row(action="page")]
    found = plan(rows, [sent(990 + n) for n in range(10)], RULES, now=NOW)
    assert [(each[0].action, len(each)) for each in found.messages] == [("page", 1)]
    assert held(found) == [(5, 999 + 180, "storm")]
    assert [r.action for r in plan([row(), row(action="page")], [], RULES, now=NOW).messages[0]] == ["page"]


def test_a_storm_is_told_every_three_minutes_and_whole():
    rows = [row(f"acme/{n}", reason="storm") for n in range(50)]
    busy = [sent(700 + n, f"x/{n}") for n in range(10)]
    assert held(plan(rows, busy, RULES, now=800)) == [(50, 709 + 180, "storm")]
    found = plan(rows, busy, RULES, now=900)
    assert (sizes(found), held(found)) == ([50], [])


def test_a_storm_begins_when_there_is_no_room_for_single_messages():
    rows = [row(f"acme/{n}") for n in range(15)]
    found = plan(rows, [sent(900, f"x/{n}") for n in range(4)], RULES, now=NOW)
    assert sizes(found) == [1] * 6
    assert held(found) == [(9, NOW + 180, "storm")]


def test_what_is_told_alone_whatever_comes():
    storm = [sent(990 + n) for n in range(10)]
    rows = [row(drill=True), row(overtaken=True), row(change="closed")]
    assert sizes(plan(rows, storm, RULES, now=NOW)) == [1, 1, 1]


def test_a_summary_that_was_under_way_is_the_same_again():
    first = [row(message="m1"), row(message="m1")]
    found = plan([*first, row(reason="grouped"), row(reason="grouped")], [], RULES, now=NOW)
    assert found.messages[0] == first
    assert sizes(found) == [2, 2]


def test_without_grouping_each_goes_alone():
    rules = Grouping(seconds=0, after=3, storm_after=100, storm_seconds=180, sums=RULES.sums)
    assert sizes(plan([row() for _ in range(40)], [], rules, now=NOW)) == [1] * 40


def test_keys_are_those_of_their_rows():
    assert summary_key(["a", "b"]) == summary_key(["b", "a"]) != summary_key(["a"])
    assert len(summary_key(["a"])) == 32
    assert summary_dedup_key("acme/infra", "page") != summary_dedup_key("acme/infra", "ticket")


rows_of_all_kinds = st.lists(
    st.builds(
        row,
        incident=st.sampled_from(["a", "b", ""]),
        action=st.sampled_from(["page", "ticket"]),
        change=st.sampled_from(["opened", "escalated", "closed"]),
        reason=st.sampled_from(["", "grouped", "storm", "silenced", "timeout"]),
        message=st.sampled_from(["", "", "m1"]),
        drill=st.booleans(),
        overtaken=st.booleans(),
    ),
    max_size=60,
)
messages = st.lists(
    st.builds(
        sent,
        at=st.floats(300, NOW),
        incident=st.sampled_from(["a", "b"]),
        action=st.sampled_from(["page", "ticket"]),
        carried=st.sampled_from([1, 1, 5]),
    ),
    max_size=30,
)


@given(rows_of_all_kinds, messages)
def test_nothing_is_lost_nothing_is_told_twice_and_nothing_waits_for_the_past(rows, before):
    found = plan(rows, sorted(before, key=lambda each: each.at), RULES, now=NOW)
    told = [each.id for message in found.messages for each in message]
    kept = [each.id for group, _, _ in found.held for each in group]
    assert sorted(told + kept) == sorted(each.id for each in rows)
    assert all(NOW < until <= NOW + 180 for _, until, _ in found.held)
    assert all(
        len({each.action for each in message}) == 1 for message in found.messages if not message[0].message
    )
