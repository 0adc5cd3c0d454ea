from dataclasses import replace

import pytest

from ledgers import NOON, blind, poll, push, told
from monitor.coverage.answer import NO_ENTRY, ItemsGone, Question, Word, answer
from monitor.coverage.items import Outcome, pack

ASKED = Question("github.com", "acme/x", NOON, 60.0, 300.0, ("github_events",))
AROUND = [poll(NOON + 60 * n, None, push("some/body", NOON + 60 * n)) for n in range(-8, 9)]
DARK = [
    *(event for event in AROUND if not NOON - 120 <= event["since"] <= NOON + 180),
    blind(NOON - 120, NOON + 180),
    poll(NOON + 180, NOON + 240, overlap=0, full=True),  # what it missed it does not show any more
]


def say(*events, question=ASKED):
    return answer(question, told([*AROUND, *events]))


def test_seen_says_in_which_entry_and_what_became_of_it():
    for outcome in Outcome:
        found = say(poll(NOON, NOON + 70, push(at=NOON + 30, outcome=outcome)))
        assert found.word is Word.SEEN
        (seen,) = found.seen
        assert (seen.entry, seen.source, seen.feed) == (len(AROUND) + 1, "github_events", "/events")
        assert (seen.outcome, seen.published, seen.since) == (outcome.name.lower(), NOON + 30, NOON)
        assert seen.reasons == ("size" if outcome is Outcome.SKIPPED else "")


def test_the_most_certain_and_the_nearest_comes_first():
    found = say(
        poll(NOON, NOON + 61, push(at=NOON, outcome=Outcome.LISTED)),
        poll(NOON, NOON + 62, push(at=NOON + 200)),
        poll(NOON, NOON + 63, push(at=NOON + 100)),
    )
    assert [(seen.outcome, seen.published) for seen in found.seen] == [
        ("fetched", NOON + 100),
        ("fetched", NOON + 200),
        ("listed", NOON),
    ]


@pytest.mark.parametrize(
    ("at", "within", "word"),
    [
        (NOON - 300, 300.0, Word.SEEN),
        (NOON - 301, 300.0, Word.NOT_SEEN),
        (NOON + 359, 300.0, Word.SEEN),
        (NOON + 360, 300.0, Word.NOT_SEEN),
        (NOON + 30, 0.0, Word.SEEN),
        (NOON + 60, 0.0, Word.NOT_SEEN),
    ],
)
def test_an_item_is_within_the_time_that_is_asked_about(at, within, word):
    assert say(poll(NOON, None, push(at=at)), question=replace(ASKED, within=within)).word is word


def test_a_name_is_the_same_in_any_case_and_on_its_forge_only():
    seen = poll(NOON, NOON + 70, push("Acme/X", NOON))
    assert say(seen).word is Word.SEEN
    assert say(seen, question=replace(ASKED, forge="gitlab.com")).word is Word.NOT_SEEN


def test_an_item_without_a_time_is_where_its_listing_is():
    assert say(poll(NOON, NOON + 70, push(at=None))).word is Word.SEEN
    assert say(poll(NOON + 4000, None, push(at=None))).word is Word.NOT_SEEN


def test_what_another_source_or_a_repair_has_seen_is_seen():
    hook = poll(NOON, NOON + 70, push(), source="github_webhook", feed="")
    assert say(hook).seen[0].source == "github_webhook"
    filled = poll(NOON, NOON + 70, push(), source="gharchive", repairs="github_events /events")
    assert say(filled).seen[0].repairs == "github_events /events"


def test_not_seen_says_how_much_of_that_minute_was_seen():
    found = say()
    assert (found.word, found.blind) == (Word.NOT_SEEN, ())
    (reading,) = found.readings
    assert (reading.source, reading.feed, reading.capture) == ("github_events", "/events", 1.0)
    assert reading.low <= reading.capture <= reading.high


def outage(*others):
    return answer(ASKED, told([*DARK, *others]))


def test_blind_says_when_and_why_and_who_filled_it():
    found = outage()
    assert found.word is Word.BLIND
    (span,) = found.blind
    assert (span.source, span.reason, span.since, span.until) == (
        "github_events",
        "outage",
        NOON - 120,
        NOON + 180,
    )
    assert span.repaired_by == ""
    repair = poll(NOON - 120, NOON + 180, source="gharchive", feed="", repairs="github_events")
    assert outage(repair).blind[0].repaired_by == "gharchive"


def test_what_the_feed_itself_showed_after_an_outage_was_not_hidden():
    later = poll(NOON - 120, NOON + 240)  # shares items with the one before
    found = answer(ASKED, told([*DARK[:-1], later]))
    assert (found.word, found.blind[0].repaired_by) == (Word.NOT_SEEN, "github_events")
    seen = answer(ASKED, told([*DARK[:-1], {**later, "items": pack([push()])}]))
    assert seen.word is Word.SEEN


def test_nobody_was_looking_when_there_is_no_entry():
    found = answer(ASKED, told([poll(NOON - 4000)]))
    assert (found.word, [span.reason for span in found.blind]) == (Word.BLIND, [NO_ENTRY])


def test_a_count_of_documents_is_no_look():
    for work in ({"scanned": 7}, {"expected": 0, "fetched": 7}):
        done = {"source": "github_events", "since": NOON, "until": NOON + 60, **work}
        assert answer(ASKED, told([done])).word is Word.BLIND


def test_one_feed_that_looked_is_enough_unless_the_blind_one_is_the_owners():
    def other(path):
        return [
            *(poll(NOON + 60 * n, None, feed=path) for n in range(-8, -2)),
            blind(NOON - 120, NOON + 180, feed=path),
            poll(NOON + 180, None, feed=path, overlap=0, full=True),
        ]

    assert say(*other("/everything")).word is Word.NOT_SEEN
    assert say(*other("/orgs/ACME/events")).word is Word.BLIND
    found = say(*other("/orgs/strangers/events"))
    assert (found.word, found.blind) == (Word.NOT_SEEN, ()), "it lists nothing of theirs"


def test_a_feed_of_somebody_else_is_no_look():
    others = [poll(NOON + 60 * n, None, feed="/users/stranger/events") for n in range(-8, 9)]
    found = answer(ASKED, told(others))
    assert (found.word, found.blind[0].reason) == (Word.BLIND, NO_ENTRY)
    own = [poll(NOON + 60 * n, None, feed="/users/acme/events") for n in range(-8, 9)]
    found = answer(ASKED, told([*others, *own]))
    assert (found.word, [r.feed for r in found.readings]) == (Word.NOT_SEEN, ["/users/acme/events"])


def test_trouble_of_a_source_that_does_not_read_the_forge_is_none():
    assert say(blind(NOON - 60, NOON + 60, source="pastebin")).word is Word.NOT_SEEN


def test_items_that_are_gone_are_said_to_be():
    entries = told(AROUND)
    bare = [replace(each, event=replace(each.event, items="")) for each in entries]
    with pytest.raises(ItemsGone):
        answer(ASKED, bare)
    dark = told(DARK)
    gone = [replace(each, event=replace(each.event, items="")) for each in dark]
    assert answer(ASKED, gone).word is Word.BLIND, "no item could have been there"
