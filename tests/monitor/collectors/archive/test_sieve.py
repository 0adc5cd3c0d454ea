from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archived import NOON, comment, event, line, push
from monitor.collectors.archive.sieve import (
    HANDED_ON,
    WHOLE,
    Found,
    Policy,
    Sieve,
    Span,
    hours_of,
    marks,
    parse_span,
)
from monitor.collectors.tally import Tally
from monitor.watching import Watching

PAYLOADS = Path(os.environ.get("LEAKSTREAM_PAYLOADS", Path(__file__).parents[5] / "shared" / "payloads"))
WATCH = Watching(organisations=("acme-corp",))
SPAN = Span("github_events", NOON + 10, NOON + 20)


def sieve(*, whole: bool = True, spans: dict[str, Span] | None = None, **policy: Any) -> Sieve:
    names = [*(spans or {}), *([WHOLE] if whole else [])]
    tallies = {name: Tally(since=NOON) for name in names}
    return Sieve(tallies, spans or {}, Policy("github.com", **policy), WATCH)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (push("someone/thing"), "diffs_off"),
        (event("WatchEvent", payload={"action": "started"}), "no_text"),
        (event("DeleteEvent", payload={"ref": "x"}), "no_text"),
        (
            event("PullRequestEvent", payload={"pull_request": {"id": 1, "head": {"repo": {"id": 2}}}}),
            "pull_request_stub",
        ),
    ],
)
def test_what_names_only_others_is_counted_by_its_bytes(raw: dict[str, Any], reason: str) -> None:
    made = sieve()
    assert made.take(line(raw)) is None
    assert made.tallies[WHOLE].listed == 1
    assert dict(made.tallies[WHOLE].skipped) == {reason: 1}


def test_it_counts_by_bytes_however_the_json_is_written() -> None:
    import json

    raw = push("someone/thing")
    for text in (
        json.dumps(raw),
        json.dumps(raw, sort_keys=True),
        json.dumps(raw, separators=(" ,", " : ")),
    ):
        made = sieve()
        assert made.take(text.encode()) is None
        assert dict(made.tallies[WHOLE].skipped) == {"diffs_off": 1}


@pytest.mark.parametrize("take", ["all", "watched"])
def test_pushes_of_the_watched_are_handed_on(take: str) -> None:
    made = sieve(take=take)
    for name in ("acme-corp/app", "ACME-corp/app"):
        found = made.take(line(push(name)))
        assert found is not None
        assert (found.reason, found.tallies) == (HANDED_ON, (WHOLE,))
    assert made.take(line(push("else/acme-corp"))) is None


def test_a_foreign_text_cannot_pass_for_a_type_or_a_name() -> None:
    body = '"type":"WatchEvent" "repo":{"name":"acme-corp/app"} {"type":"PushEvent"}'
    made = sieve()
    found = made.take(line(comment(body)))
    assert found is not None
    assert found.event.type == "IssueCommentEvent"
    made = sieve(take="watched")
    assert made.take(line(comment(body))) is None
    assert dict(made.tallies[WHOLE].skipped) == {"not_watched": 1}


def test_only_the_texts_of_the_watched_are_taken_where_so_configured() -> None:
    made = sieve(take="watched")
    assert made.take(line(comment("text"))) is None
    found = made.take(line(comment("text", repository="acme-corp/app")))
    assert found is not None
    assert found.reason == ""
    stub = event(
        "PullRequestEvent",
        "acme-corp/app",
        {"pull_request": {"base": {"repo": {"id": 1, "name": "app"}}, "head": {}}},
    )
    found = made.take(orjson.dumps(stub, option=orjson.OPT_SORT_KEYS))
    assert found is not None
    assert found.reason == "pull_request_stub"


def test_a_repository_made_public_is_handed_on_when_asked_for() -> None:
    raw = line(event("PublicEvent", "someone/thing", {}))
    reasons = [
        made.reason for public in (False, True) if (made := sieve(public_repositories=public).take(raw))
    ]
    assert reasons == ["repository_made_public", HANDED_ON]
    ours = sieve(take="watched").take(line(event("PublicEvent", "acme-corp/app", {})))
    assert ours is not None
    assert ours.reason == HANDED_ON


def test_a_span_takes_what_happened_in_it_and_nothing_else() -> None:
    made = sieve(whole=False, spans={"a": SPAN})
    times = [NOON + 9, NOON + 10, NOON + 20, NOON + 21]
    found = [made.take(line(comment("text", at=at))) for at in times]
    assert [f is not None for f in found] == [False, True, True, False]
    # the time of an issue that is commented now lies in the span: not the event's
    old = comment("text", at=NOON + 3000)
    old["payload"]["issue"]["created_at"] = "2026-06-01T12:00:15Z"
    assert made.take(line(old)) is None
    pushed = made.take(line(push("someone/thing", at=NOON + 15)))
    assert pushed is not None
    assert pushed.reason == "diffs_off"
    made.settle(pushed, known=False)
    kept = next(f for f in found if f)
    made.settle(kept, known=False)
    made.settle(kept, known=True)
    tally = made.tallies["a"]
    assert (tally.listed, tally.fetched, tally.known) == (3, 1, 1)
    assert (tally.oldest, tally.newest) == (NOON + 10, NOON + 15)


def test_an_hour_that_is_followed_and_repaired_counts_for_both() -> None:
    made = sieve(spans={"a": SPAN}, take="watched", repair="all")
    found = made.take(line(comment("text", at=NOON + 12)))
    assert found is not None
    assert (found.reason, set(found.tallies)) == ("", {"a", WHOLE})
    assert made.take(line(comment("text", at=NOON + 300))) is None


def test_a_repair_of_the_watched_only() -> None:
    made = sieve(whole=False, spans={"a": SPAN}, repair="watched")
    theirs = made.take(line(comment("text", at=NOON + 12)))
    ours = made.take(line(comment("text", at=NOON + 12, repository="acme-corp/app")))
    assert theirs is not None
    assert ours is not None
    assert (theirs.reason, ours.reason) == ("not_watched", "")


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[1]", b"{", b'{"type":"IssuesEvent"}', b"[" * 5000, b"\xff\xfe"]
)
def test_rubbish_is_counted(raw: bytes) -> None:
    made = sieve()
    assert made.take(raw) is None
    assert made.bad == 1


def test_what_may_be_asked_for() -> None:
    now = NOON + 7200
    span = parse_span("github_events 2026-06-01T12:00:10Z 2026-06-01T12:00:20Z", now)
    assert span == SPAN
    with_feed = parse_span("github_events /orgs/acme/events 2026-06-01T12:00:10Z 2026-06-01T12:00:20Z", now)
    assert with_feed is not None
    assert with_feed.repairs == "github_events /orgs/acme/events"
    for wrong in (
        "",
        "github_events",
        "pastebin 2026-06-01T12:00:10Z 2026-06-01T12:00:20Z",
        "github_events 2026-06-01T12:00:20Z 2026-06-01T12:00:10Z",
        "github_events 2026-06-01T12:00:10Z 2026-06-01T22:00:10Z",
        "github_events 2026-05-01T12:00:10Z 2026-06-01T12:00:10Z",
        "github_events 1960-05-01T12:00:10Z 1960-05-01T12:00:11Z",
        "github_events now then",
        "a b c d e",
    ):
        assert parse_span(wrong, now) is None


def test_a_span_is_looked_for_where_late_events_are_filed() -> None:
    hour = int(NOON // 3600)
    assert list(hours_of(SPAN, 1800.0)) == [hour]
    assert list(hours_of(Span("github_events", NOON + 1700, NOON + 1801), 1800.0)) == [hour, hour + 1]
    assert list(hours_of(Span("github_events", NOON - 1, NOON), 0.0)) == [hour - 1, hour]


@settings(max_examples=60)
@given(st.integers(0, 90_000), st.integers(0, 200_000), st.floats(0, 1))
def test_every_time_in_a_span_bears_its_mark(begin: int, length: int, part: float) -> None:
    span = Span("github_events", NOON + begin, NOON + begin + length)
    raw = line(comment("text", at=int(span.since + part * length)))
    assert any(mark in raw for mark in marks(span))


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="no recorded payloads here")
def test_recorded_events_are_read() -> None:
    reasons = {}
    for path in sorted(PAYLOADS.glob("github/event-*.json")):
        raw = orjson.loads(path.read_bytes())
        name = raw["repo"]["name"].partition("/")[0].lower()
        made = Sieve({WHOLE: Tally(since=0.0)}, {}, Policy("github.com"), Watching(organisations=(name,)))
        found = made.take(line(raw))
        assert found is not None
        reasons[found.event.type] = found.reason
    assert reasons.pop("PushEvent") == HANDED_ON
    assert set(reasons.values()) == {""}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": JSON
            | st.sampled_from(["PushEvent", "IssuesEvent", "PublicEvent", "WatchEvent", "NewEvent"]),
            "id": JSON,
            "repo": JSON | st.just({"name": "acme-corp/app"}),
            "payload": JSON,
            "created_at": JSON | st.just("2026-06-01T12:00:15Z"),
            "actor": JSON,
        },
    ),
    st.booleans(),
)
def test_json_of_any_shape_is_counted_once(raw: dict[str, Any], whole: bool) -> None:
    made = sieve(whole=whole, spans={"a": SPAN})
    found = made.take(orjson.dumps(raw))
    if isinstance(found, Found):
        made.settle(found, known=False)
    if whole:
        assert made.tallies[WHOLE].listed + made.bad == 1
    for tally in made.tallies.values():
        assert tally.listed == tally.fetched + tally.known + sum(tally.skipped.values())
