"""What of a row goes, table by table."""

from __future__ import annotations

import pytest

from monitor.identity import KeyRing
from monitor.privacy.finding import REMOVE, erased, is_about, may_be_elsewhere
from monitor.privacy.subject import ERASED, Subject
from monitor.store import subjects

KEYS = KeyRing.of(b"k" * 32)
BOB, HUB_BOB, MAIL = (Subject.of(text, KEYS) for text in ("bob", "github.com/bob", "bob@example.org"))
TOLD = {"labels": {"rule": "r", "incident": "Bob/code"}, "incident": ""}


def test_every_table_that_may_name_somebody_is_judged() -> None:
    row = {
        "place": {}, "snippet": "", "document_id": "", "next_check": None, "repository": "", "path": "", "reasons": [],
        "facts": {}, "preview": "", "close_where": "", "close_note": "", "closed_by": "", "acknowledged_by": "",
        "event": {"place": {}}, "labels": {}, "incident": "", "actor": "", "detail": {}, "matches": {}, "reason": "",
        "created_by": "", "ended_by": "",
    }  # fmt: skip
    assert not any(is_about(BOB, table, row) for table in subjects.TABLES)


def test_the_label_of_what_is_told_together_keeps_a_name() -> None:
    assert is_about(BOB, "outbox", TOLD)
    assert erased(BOB, "outbox", TOLD) == {"labels": {"rule": "r", "incident": ERASED}}
    assert not is_about(BOB, "outbox", {"labels": {}, "incident": "bobby/code"})


def test_a_further_place_goes_whole() -> None:
    row = {"event": {"place": {"forge": "github.com", "repository": "bob/x"}}}
    assert is_about(HUB_BOB, "blob_places", row)
    assert erased(HUB_BOB, "blob_places", row) is REMOVE


@pytest.mark.parametrize("table", ["audit", "silences", "dead_letters_done"])
def test_accountability_stays(table) -> None:
    assert erased(BOB, table, {}) is None


@pytest.mark.parametrize(
    ("detail", "about"),
    [
        ({"where": "bob/code"}, True),
        ({"note": "bob"}, True),
        ({"note": "told bob"}, False),
        ({"shown": 3}, False),
    ],
)
def test_an_entry_of_the_access_log_that_names_him(detail, about) -> None:
    assert is_about(BOB, "audit", {"actor": "cli:ann", "detail": detail}) is about


def test_a_silence_of_his_repository_or_with_his_address() -> None:
    row = {
        "created_by": "cli:ann",
        "ended_by": "",
        "matches": {"repository": "bob/code"},
        "reason": "ask bob@example.org",
    }
    assert is_about(BOB, "silences", row)
    assert is_about(MAIL, "silences", row)
    assert not is_about(BOB, "silences", {**row, "matches": {"rule": "x"}})


def test_where_the_forge_is_not_known() -> None:
    assert may_be_elsewhere(HUB_BOB, "exposures")
    assert not may_be_elsewhere(BOB, "exposures")
    assert not may_be_elsewhere(HUB_BOB, "sightings")
