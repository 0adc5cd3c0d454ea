import orjson
import pytest

from alerting_samples import NOON, exposure, fingerprint
from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.exposures.view import exposure_object, summary_object

PLACE = {
    "number": 1,
    "seen_at": NOON,
    "published_at": None,
    "source": "git",
    "snippet": "s",
    "blob_sha": "b",
    "public": "public",
    "checked_at": NOON,
    "removed_at": None,
    "place": {"forge": "github.com", "repository": "acme/code", "path": "secret-path.env"},
}


def test_the_shape_that_is_promised():
    shown = exposure_object(exposure(), [PLACE], console="https://c.example/")
    assert orjson.loads(orjson.dumps(shown)) == shown
    assert shown["id"] == fingerprint("a")
    assert shown["short"] == fingerprint("a")[:12]
    assert shown["url"] == f"https://c.example/exposures/{fingerprint('a')}"
    assert set(shown) == {
        "id", "short", "url", "state", "opening", "action", "decision", "exercise", "found_by", "what", "proof",
        "owned", "where", "first_published", "first_seen", "last_seen", "opened_at", "sightings", "places",
        "closed", "revoke", "steps", "people", "public", "checked_at", "removed_at", "revoked_at", "acknowledged", "window",
        "audit_log", "who_to_tell", "revoke_url", "personal",
    }  # fmt: skip
    assert shown["first_seen"] == "2023-11-15T12:00:00Z"
    assert shown["first_published"] == "2023-11-15T11:59:00Z"
    assert shown["places"][0]["path"] == "secret-path.env"
    assert shown["closed"] is None


def test_of_what_nobody_watches_neither_place_nor_value_is_shown():
    row = exposure(
        level="none",
        reasons=(),
        score=0,
        repository="hidden/repo",
        path="hidden-path",
        facts={"user": "hidden"},
    )
    text = orjson.dumps(exposure_object(row, [PLACE])).decode()
    for part in ("hidden", "secret-path", row.preview, "12:00"):
        assert part not in text
    shown = summary_object(row)
    assert (shown["what"]["rule"], shown["where"]["source"], shown["first_seen"]) == (
        "example-token",
        "github_events",
        "2023-11-15",
    )


def test_without_a_console_there_is_no_link():
    assert "url" not in summary_object(exposure())


def test_a_closed_one_says_by_whom_and_why():
    row = exposure(
        state="closed", closed_at=NOON, closed_by="ann", close_reason="revoked", close_scope="leak"
    )
    assert summary_object(row)["closed"] == {
        "at": "2023-11-15T12:00:00Z", "by": "ann", "reason": "revoked", "scope": "leak", "where": "", "note": "",
    }  # fmt: skip


def test_what_to_do_begins_with_the_revocation_and_tells_where_use_shows_and_whom_to_tell():
    shown = exposure_object(exposure(), [])
    assert shown["steps"][0] == "Revoke the Example token: https://example.com/revoke"
    assert shown["revoke_url"] == "https://example.com/revoke"
    assert shown["audit_log"] in shown["steps"]
    assert "2023-11-15 11:59 UTC" in shown["audit_log"]
    assert shown["who_to_tell"] in shown["steps"]
    assert shown["personal"] is None


def test_leaked_personal_data_has_its_clock():
    row = exposure(rule="pii-email-list", provider="pii", people=7)
    assert exposure_object(row, [], privacy=PrivacySettings(authority="the CNIL"))["personal"] == {
        "data": "e-mail addresses", "people": 7, "law": "GDPR Art. 33", "authority": "the CNIL",
        "contact": "the data protection officer", "aware": "2023-11-15T12:00:00Z", "deadline": "2023-11-18T12:00:00Z",
    }  # fmt: skip
    nobodys = exposure(rule="pii-email-list", provider="pii", level="none", reasons=())
    assert exposure_object(nobodys, [])["personal"] is None


@pytest.mark.parametrize(
    ("marks", "now", "window"),
    [
        ({}, None, (None, None, "")),
        ({}, NOON + 40, (None, 100, "")),
        ({"removed_at": NOON + 10}, NOON + 40, ("2023-11-15T12:00:10Z", 70, "removed")),
        ({"removed_at": NOON + 10, "revoked_at": NOON + 5}, None, ("2023-11-15T12:00:05Z", 65, "revoked")),
        ({"removed_at": NOON + 10, "revoked_at": NOON + 50}, None, ("2023-11-15T12:00:10Z", 70, "removed")),
        ({"removed_at": NOON + 10, "first_published": None}, None, ("2023-11-15T12:00:10Z", 10, "removed")),
    ],
)
def test_the_window_runs_until_it_is_gone_or_dead(marks, now, window):
    shown = summary_object(exposure(**marks), now=now)["window"]

    assert (shown["until"], shown["seconds"], shown["ended_by"]) == window


def test_who_has_it_in_hand_and_whether_it_stands_there():
    row = exposure(public="cleaned", checked_at=NOON, acknowledged_at=NOON, acknowledged_by="ann", people=7)
    shown = exposure_object(row, [PLACE])

    assert shown["acknowledged"] == {"at": "2023-11-15T12:00:00Z", "by": "ann"}
    assert (shown["public"], shown["people"], shown["places"][0]["public"]) == ("cleaned", 7, "public")
    nobodys = summary_object(exposure(level="none", public="cleaned", removed_at=NOON))
    assert (nobodys["public"], nobodys["removed_at"], nobodys["window"]) == ("unknown", None, None)
