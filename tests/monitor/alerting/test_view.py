import orjson

from alerting_samples import NOON, exposure, fingerprint
from monitor.alerting.view import exposure_object, steps, summary_object

PLACE = {
    "number": 1,
    "seen_at": NOON,
    "published_at": None,
    "source": "git",
    "snippet": "s",
    "blob_sha": "b",
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
        "closed", "revoke", "steps",
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


def test_steps_begin_with_the_revocation():
    assert steps(exposure())[0] == "Revoke the Example token: https://example.com/revoke"
    assert "at its provider" in steps(exposure(revoke=""))[0]
    assert "2023-11-15T11:59:00Z" in steps(exposure())[2]
