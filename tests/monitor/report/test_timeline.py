"""What happened, in order."""

from __future__ import annotations

from alerting_samples import NOON, exposure
from monitor.report.timeline import ToldOnce, looks, timeline


def entry(at: float, verb: str, **detail: object) -> dict[str, object]:
    return {"at": at, "actor": "cli:ann", "verb": verb, "detail": detail}


def test_publication_sighting_telling_and_hands_in_their_order() -> None:
    told = [
        ToldOnce("slack", "opened", "page", NOON + 1, NOON + 3),
        ToldOnce("email", "opened", "page", NOON + 1, None),
    ]
    history = [
        entry(NOON + 9, "closed", reason="false_alarm", note="a test key"),
        entry(NOON + 8, "viewed"),
        entry(NOON + 5, "window_ended", seconds=3.0, ended_by="removed"),
        entry(NOON + 2, "reported", sha256="x"),
    ]
    row = exposure(removed_at=NOON + 4)
    events = timeline(row, told, history)
    assert [(event.at - NOON, event.what, event.who) for event in events] == [
        (-60, "published (as the place itself says)", ""),
        (0, "seen first by the source github_events", "leakstream"),
        (1, "opened, page: email was not told yet", "leakstream"),
        (3, "told slack: opened, page", "leakstream"),
        (4, "found to stand at none of its known places any more", "leakstream"),
        (5, "the window ended, by being removed", "cli:ann"),
        (9, "closed, reason false alarm, note: a test key", "cli:ann"),
    ]
    assert looks(history) == 2


def test_a_revocation_is_told_once_and_a_new_verb_in_its_own_words() -> None:
    row = exposure(revoked_at=NOON + 1, first_published=None)
    assert [event.what for event in timeline(row, (), ())][1:] == ["revoked"]
    events = timeline(row, (), [entry(NOON + 2, "revoked"), entry(NOON + 3, "handed_over")])
    assert [event.what for event in events][1:] == ["marked as revoked", "handed over"]


def test_what_nobody_was_told_says_why() -> None:
    told = [
        ToldOnce("slack", "opened", "page", NOON + n, None, state)
        for n, state in enumerate(("failed", "skipped", "dropped", "pending"), 1)
    ]
    whats = [
        event.what.partition("slack was ")[2] for event in timeline(exposure(first_published=None), told, ())
    ][1:]
    assert [what[:24] for what in whats] == [
        "not told: it refused the", "not told: a silence held", "not told: somebody gave ", "not told yet",
    ]  # fmt: skip


def test_a_look_at_the_place_says_what_changed() -> None:
    events = timeline(exposure(), (), [entry(NOON + 2, "checked", was="public", public="cleaned")])
    assert events[-1].what == "looked at again, was public, is cleaned"
