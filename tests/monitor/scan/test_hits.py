"""From findings to lines of a report."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from acme_rules import ruleset, scanner
from detectors.model import Confidence, Proof, Verdict
from detectors.synthetic import secret_for
from monitor.contracts import Document, Provenance
from monitor.identity import KeyRing
from monitor.matcher.blocks import Found
from monitor.matcher.events import EventMaker
from monitor.matcher.redact import Redactor
from monitor.scan.hit import Place
from monitor.scan.hits import HitMaker

TOKEN = secret_for(ruleset()["acme-token"], random.Random(1))
KEYS = KeyRing.of(b"k" * 32)


def found(content: bytes, **more: object) -> Found:
    document = Document(source="scan", id="1", content=content, fetched_at=0.0, **more)  # type: ignore[arg-type]
    return Found(document, tuple(scanner().scan(content)))


def test_a_hit_is_masked_and_exact() -> None:
    (hit,) = HitMaker(KEYS, Redactor(scanner())).hits(found(b"x\nk = " + TOKEN, offset=100, line=7))
    assert (hit.line, hit.column, hit.start, hit.end) == (8, 5, 106, 106 + len(TOKEN))
    assert hit.snippet == "k = *****"
    assert hit.secret is None
    assert TOKEN[5:13].decode() not in repr(hit)


def test_the_secret_is_there_when_asked_for_but_never_in_a_repr() -> None:
    (hit,) = HitMaker(KEYS, Redactor(scanner()), show_secrets=True).hits(found(b"k = " + TOKEN))
    assert hit.secret == TOKEN.decode()
    assert TOKEN.decode() not in repr(hit)


def test_paths_are_relative_to_a_folder_and_to_no_name_like_it() -> None:
    maker = HitMaker(KEYS, Redactor(scanner()), relative_to=Path("/a/b"))
    for path, shown in (("/a/b/c", "c"), ("/a/bc/d", "/a/bc/d"), ("/x", "/x")):
        (hit,) = maker.hits(found(b"k = " + TOKEN, provenance=Provenance(path=path)))
        assert hit.path == shown


def test_a_hit_and_an_event_of_one_finding_agree() -> None:
    """One identity and one description, in a diff, in a part, of a weak secret."""
    weak = b"acmedb://bob:xK9+vQ7pLm@db.example"
    diff = b"--- a/x\n+++ b/x\n@@ -1,2 +40,3 @@\n same\n+k = " + TOKEN + b"\n+u = " + weak + b"\n"
    for content, more in (
        (diff, {"media_type": "text/x-diff"}),
        (weak + b"\n" + TOKEN + b"\n" + b"x" * 2000, {"offset": 70, "line": 5, "more": True}),
        (weak, {"provenance": Provenance(owner="Ann")}),
    ):
        one = found(content, **more)
        hits = list(HitMaker(KEYS, Redactor(scanner())).hits(one))
        events = EventMaker(KEYS, Redactor(scanner())).events(one.document, one.findings, now=1.0)
        assert [
            (h.fingerprint, h.line, h.column, h.start, h.end, h.preview, h.snippet, h.weak) for h in hits
        ] == [
            (
                e.fingerprint,
                e.place.line,
                e.place.column,
                e.place.start,
                e.place.end,
                e.preview,
                e.snippet,
                e.weak,
            )
            for e in events
        ]
        assert any(hit.weak for hit in hits)


def test_fingerprints_are_the_keys() -> None:
    (one,) = HitMaker(KEYS, Redactor(scanner())).hits(found(b"k = " + TOKEN))
    (two,) = HitMaker(KeyRing.of(b"x" * 32), Redactor(scanner())).hits(found(b"other = " + TOKEN))
    (again,) = HitMaker(KEYS, Redactor(scanner())).hits(found(b"other = " + TOKEN))
    assert one.fingerprint == again.fingerprint != two.fingerprint


def test_a_hit_and_an_event_tell_the_same_facts_and_both_what_is_missing() -> None:
    one = found(b"k = " + TOKEN)
    (finding,) = one.findings
    proof = Proof(Verdict.UNPROVABLE, "x", {"org": "acme", "expires_at": "2020-01-01T00:00:00+00:00"})
    half = replace(finding, proof=proof, missing=("acme-id",))

    (hit,) = HitMaker(KEYS, Redactor(scanner())).hits(replace(one, findings=(half,)))
    (event,) = EventMaker(KEYS, Redactor(scanner())).events(one.document, [half], now=1_700_000_000.0)

    assert hit.facts == {"org": "acme", "expires_at": "2020-01-01T00:00:00+00:00", "expired": "yes"}
    assert event.facts == {**hit.facts, "missing": "acme-id"}
    assert hit.missing == ("acme-id",)


def test_a_fact_never_shows_a_secret() -> None:
    one = found(b"k = " + TOKEN)
    proof = Proof(Verdict.UNPROVABLE, "x", {"note": f"see {TOKEN.decode()}"})

    (hit,) = HitMaker(KEYS, Redactor(scanner())).hits(
        replace(one, findings=(replace(one.findings[0], proof=proof),))
    )

    assert TOKEN[5:13].decode() not in repr(hit)


def test_a_value_is_one_hit_of_a_file_and_tells_where_it_stands_again() -> None:
    other = secret_for(ruleset()["acme-token"], random.Random(2))
    content = b"k = " + TOKEN + b"\nm = " + other + b"\n  n = " + TOKEN + b"\n"

    first, second = HitMaker(KEYS, Redactor(scanner())).hits(found(content))

    assert (first.line, first.column, second.line) == (1, 5, 2)
    again = content.rindex(TOKEN)
    assert first.also == (Place(line=3, column=7, start=again, end=again + len(TOKEN)),)
    assert second.also == ()


def test_of_one_value_the_surest_place_is_the_hit() -> None:
    one = found(b"k = " + TOKEN + b"\nk = " + TOKEN)
    doubtful = replace(one.findings[0], confidence=Confidence.LOW)

    (hit,) = HitMaker(KEYS, Redactor(scanner())).hits(replace(one, findings=(doubtful, one.findings[1])))

    assert (hit.line, hit.confidence, [place.line for place in hit.also]) == (2, "high", [1])


def test_what_stands_encoded_and_plain_is_told_of_both() -> None:
    one = found(b"k = " + TOKEN)
    hidden = replace(one.findings[0], decoded=("base64",))
    hits = HitMaker(KEYS, Redactor(scanner())).hits(replace(one, findings=(one.findings[0], hidden)))
    assert [hit.decoded for hit in hits] == [(), ("base64",)]
