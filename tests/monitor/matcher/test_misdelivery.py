"""A wrong delivery as a finding: one leak a webhook, a place an event, people under the fingerprint key."""

from __future__ import annotations

import io

import orjson
import pytest

from acme_rules import scanner
from monitor.bus.base import Record
from monitor.contracts import FINDINGS, Document, FindingEvent, InvalidRecord
from monitor.identity import KeyRing
from monitor.matcher import frames
from monitor.matcher.misdelivery import events
from monitor.matcher.worker import serve
from monitor.misdelivery import MEDIA_TYPE, Kind, Why, Wrong, write

KEYS = KeyRing.of(b"k" * 32, b"o" * 32)
ANN, BOB = "a" * 32, "b" * 32


def wrong(n: int, *people: str) -> Wrong:
    return Wrong(f"{n:032x}", Kind.MESSAGE, Why.PARTY, 100.0 + n, people)


def document(*found: Wrong, webhook: str = "bot", source: str = "ingest") -> Document:
    return Document(source, "1", write(webhook, found), 200.0, media_type=MEDIA_TYPE)


def test_all_of_one_webhook_are_one_leak_at_a_place_each() -> None:
    one, two = events(document(wrong(1, ANN, BOB), wrong(2, ANN)), KEYS, now=300.0)
    assert one.leak == two.leak
    assert list(one.leak) == list(KEYS.keys)
    assert one.place_id != two.place_id
    (again,) = events(document(wrong(1, ANN, BOB)), KEYS, now=999.0)
    assert again.place_id == one.place_id
    (other,) = events(document(wrong(1, ANN), webhook="other"), KEYS, now=300.0)
    assert other.leak != one.leak
    assert (one.family, one.severity, one.verdict, one.facts) == (
        "misdelivery",
        "critical",
        "proved",
        {"webhook": "bot"},
    )
    assert (one.published_at, one.fetched_at, one.snippet.startswith("a direct message")) == (
        101.0,
        200.0,
        True,
    )


def test_people_are_hashed_again_under_the_fingerprint_key() -> None:
    (one,) = events(document(wrong(1, ANN, BOB)), KEYS, now=300.0)
    (two,) = events(document(wrong(2, ANN)), KEYS, now=300.0)
    assert one.people[0] == two.people[0] != one.people[1]
    assert not {ANN, BOB} & set(one.people)


def test_what_the_source_cannot_have_written_is_refused() -> None:
    with pytest.raises(InvalidRecord):
        events(Document("ingest", "1", b"{}", 1.0), KEYS, now=1.0)


def test_the_scanning_process_believes_the_source_alone() -> None:
    found = [
        document(wrong(1, ANN)),
        document(wrong(2), source="pastebin"),
        Document("ingest", "3", b"{}", 1.0, media_type=MEDIA_TYPE),
    ]
    items = [frames.JobItem(each.message().headers["m"], each.content) for each in found]
    setup = orjson.dumps({"keys": ["6b" * 32], "memory_bytes": 2**46})
    source = io.BytesIO(b"".join([len(setup).to_bytes(4, "little"), setup, *frames.job(items)]))
    sink = io.BytesIO()
    serve(source, sink, lambda *_: scanner())
    reply = frames.read_answer(sink.getvalue()[8:])
    ((number, key, body),) = reply.events
    event = FindingEvent.read(Record(FINDINGS, 0, 0, key, body, {"v": b"1.1"}, 0.0))
    assert (number, event.rule, len(event.people)) == (0, "misdelivery", 1)
    assert reply.refused == [(2, "malformed")]
    assert reply.stats["rules"] == {"misdelivery": 1}
