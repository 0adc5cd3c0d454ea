"""From findings to events: identities, places, and nothing in plain text."""

from __future__ import annotations

import random
from dataclasses import replace

from acme_rules import ruleset, scanner
from detectors.synthetic import records_for, secret_for
from monitor.collectors.cutting import cut
from monitor.contracts import Document, FindingEvent, Provenance
from monitor.identity import KeyRing, blob_sha, place_id
from monitor.matcher.events import EventMaker
from monitor.matcher.redact import Redactor

KEYS = KeyRing.of(b"k" * 32, b"o" * 32)


def made(rule: str, seed: int = 0) -> bytes:
    return secret_for(ruleset()[rule], random.Random(f"{rule} {seed}"))


def events(content: bytes, keys: KeyRing = KEYS, **more: object) -> list[FindingEvent]:
    document = Document(source="t", id="1", content=content, fetched_at=5.0, **more)  # type: ignore[arg-type]
    return EventMaker(keys, Redactor(scanner())).events(document, scanner().scan(content), now=9.0)


def test_one_secret_at_two_places_is_one_leak_and_two_places() -> None:
    token = made("acme-token")
    first, second = events(b"a " + token + b"\nb " + token)
    assert first.leak == second.leak
    assert list(first.leak) == list(KEYS.keys)
    assert first.place_id != second.place_id
    assert (second.place.line, second.place.column) == (2, 3)
    assert (first.matched_at, first.fetched_at) == (9.0, 5.0)


def test_a_weak_secret_is_another_leak_in_another_scope() -> None:
    url = b"acmedb://bob:xK9+vQ7pLm@%s.example"
    (one,), (two,), (again,) = events(url % b"one"), events(url % b"two"), events(url % b"one")
    assert one.weak
    assert one.leak == again.leak
    assert one.leak != two.leak
    (strong,) = events(b"x " + made("acme-token"))
    assert not strong.weak


def test_a_place_is_the_same_whoever_saw_it() -> None:
    content = b"a " + made("acme-token")
    where = Provenance(forge="github.com", repository="a/b", path="x.py", url="one", author="ann")
    other = Provenance(forge="github.com", repository="a/b", path="x.py", url="two", author="bob")
    assert events(content, provenance=where)[0].place_id == events(content, provenance=other)[0].place_id
    moved = Provenance(forge="github.com", repository="a/b", path="y.py")
    assert events(content, provenance=where)[0].place_id != events(content, provenance=moved)[0].place_id


def test_a_set_is_one_event_that_names_its_parts() -> None:
    (event,) = events(b'acme_id = "' + made("acme-id") + b'"\nacme_key = "' + made("acme-key") + b'"\n')
    assert (event.set_id, event.parts, event.severity) == ("acme-pair", ("acme-id",), "critical")


def test_a_dump_counts_its_lines() -> None:
    (event,) = events(records_for(ruleset()["acme-dump"], 7, random.Random(1)))
    assert event.records == 7


def test_hosts_and_addresses_near_it_are_named_but_no_file_and_no_secret() -> None:
    text = (
        b"# api.Corp.example app.py ann@mail.corp.example\nk = "
        + made("acme-token")
        + b"\n"
        + b"x" * 600
        + b" far.example"
    )
    (event,) = events(text)
    assert event.hosts == ("api.corp.example",)
    assert event.emails == ("mail.corp.example",)


def test_authors_are_a_keyed_hash_and_a_domain() -> None:
    content = b"k = " + made("acme-token")
    (event,) = events(content, provenance=Provenance(author="Ann", author_email="Ann@Corp.example"))
    (same,) = events(content, provenance=Provenance(author_email="ann@corp.example"))
    (other,) = events(content, KeyRing.of(b"x" * 32), provenance=Provenance(author_email="ann@corp.example"))
    assert event.place.author_email_hash == same.place.author_email_hash != other.place.author_email_hash
    assert event.place.author_email_domain == "corp.example"
    assert "Ann@" not in str(event)
    for text in ("no address", "corp.example", "@corp.example"):
        (none,) = events(content, provenance=Provenance(author_email=text))
        assert (none.place.author_email_hash, none.place.author_email_domain) == ("", "")


def test_a_diff_gives_lines_of_the_file() -> None:
    diff = b"--- a/x\n+++ b/x\n@@ -1,2 +40,3 @@\n same\n+k = " + made("acme-token") + b"\n same\n"
    (event,) = events(diff, media_type="text/x-diff")
    assert (event.place.line, event.place.column) == (41, 5)


def test_a_later_part_keeps_absolute_offsets_and_lines() -> None:
    content = b"x\ny " + made("acme-token")
    (event,) = events(content, offset=1000, line=50)
    assert (event.place.start, event.place.line) == (1004, 51)
    assert events(content, offset=1000, overlap=len(content) + 1) == []


def test_places_do_not_hang_on_where_a_text_was_cut() -> None:
    lines = [b"k%d = " % n + made("acme-token", n % 7) for n in range(60)]
    whole = Document(source="t", id="1", content=b"\n".join(lines), fetched_at=5.0)

    def places(limit: int, media_type: str) -> set[tuple[str, str, int]]:
        maker = EventMaker(KEYS, Redactor(scanner()))
        return {
            (event.place_id, event.fingerprint, event.place.line)
            for part in cut(replace(whole, media_type=media_type), limit=limit, overlap=100)
            for event in maker.events(part, scanner().scan(part.content), now=9.0)
        }

    for media_type in ("", "text/x-diff"):
        expected = places(1000, media_type)
        assert len({place for place, _, _ in expected}) == 60
        for limit in (300, 617, 1500):
            assert places(limit, media_type) == expected


def test_occurrences_in_a_text_of_one_piece_are_counted() -> None:
    """A change here would make every known place a new one."""
    token = made("acme-token")
    keys = KeyRing.of(b"k" * 32)
    maker = EventMaker(keys, Redactor(scanner()))
    content = b"k = " + token + b"\n\nk = " + token
    where = Provenance(forge="github.com", repository="a/b", path="x.py")
    document = Document(source="t", id="1", content=content, fetched_at=5.0, provenance=where)
    found = maker.events(document, scanner().scan(content), now=9.0)
    assert [event.place_id for event in found] == [
        place_id(
            forge="github.com",
            where="a/b",
            blob_sha=blob_sha(content),
            path="x.py",
            leak=found[0].fingerprint,
            occurrence=number,
        )
        for number in (0, 1)
    ]


def test_an_event_survives_the_bus_and_shows_no_secret_anywhere() -> None:
    token = made("acme-token")
    where = Provenance(
        path=f"keys/{token.decode()}", title=f"my {token.decode()}", url=f"https://u:{token.decode()}@h/"
    )
    (event,) = events(b"k = " + token, provenance=where)
    assert token[5:13] not in event.message().value
    assert event.place.path == "keys/*****"


def test_a_dump_in_parts_is_one_leak_at_one_place_and_no_other_documents() -> None:
    lines = records_for(ruleset()["acme-dump"], 60, random.Random(1)) + b"\n"
    where = Provenance(forge="git", repository="a/b", path="users.txt")

    def told(content: bytes, **more: object) -> list[FindingEvent]:
        whole = Document(source="t", id="1", content=content, fetched_at=5.0, provenance=where, **more)  # type: ignore[arg-type]
        parts = list(cut(whole, limit=600, overlap=100))
        assert len(parts) > 2
        maker = EventMaker(KEYS, Redactor(scanner()))
        return [e for part in parts for e in maker.events(part, scanner().scan(part.content), now=9.0)]

    found, other = told(lines, blob_sha="1" * 40), told(lines, blob_sha="2" * 40)

    assert len(found) > 2
    assert len({event.fingerprint for event in found}) == 1
    assert len({event.place_id for event in found}) == 1
    assert {event.weak for event in found} == {False}
    assert {event.fingerprint for event in found}.isdisjoint(event.fingerprint for event in other)
    (whole,) = events(lines, blob_sha="1" * 40)
    assert whole.records == 60
