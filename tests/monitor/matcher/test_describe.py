"""What is told of a document's findings."""

from __future__ import annotations

import random
from dataclasses import replace

from acme_rules import ruleset, scanner
from detectors.model import Proof, Verdict
from detectors.synthetic import secret_for
from monitor.contracts import Document
from monitor.identity import KeyRing
from monitor.matcher.describe import Described, Description, facts
from monitor.matcher.redact import Redactor
from shipped_rules import shipped_scanner

CISCO = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"
KEYS = KeyRing.of(b"k" * 32, b"o" * 32)
TOKEN = secret_for(ruleset()["acme-token"], random.Random(1))


def described(content: bytes, **more: object) -> Described:
    document = Document(source="t", id="1", content=content, fetched_at=0.0, **more)  # type: ignore[arg-type]
    return Described(document, scanner().scan(content), KEYS, Redactor(scanner()))


def test_positions_are_the_whole_texts_and_nothing_is_plain() -> None:
    content = b"x\nk = " + TOKEN + b" # api.corp.example"
    text = described(content, offset=100, line=7)
    (finding,) = text.findings
    told = text.of(finding)
    assert (told.line, told.column, told.own_line) == (8, 5, 8)
    assert (told.start, told.end) == (106, 106 + len(TOKEN))
    assert (told.snippet, text.near(finding)) == (
        "k = ***** # api.corp.example",
        "x\nk = ***** # api.corp.example",
    )
    assert TOKEN[5:13].decode() not in repr(told)


def test_in_a_diff_the_line_is_the_files_and_the_own_line_the_diffs() -> None:
    text = described(b"+++ b/x\n@@ -1,2 +40,3 @@\n same\n+k = " + TOKEN + b"\n", media_type="text/x-diff")
    told = text.of(text.findings[0])
    assert (told.line, told.own_line) == (41, 4)


def test_the_fingerprint_is_the_current_keys_and_a_weak_one_has_its_scope() -> None:
    url = b"acmedb://bob:xK9+vQ7pLm@%s.example"
    one, two = described(url % b"one"), described(url % b"two")
    first, second = one.of(one.findings[0]), two.of(two.findings[0])
    assert first.weak
    assert list(first.leak) == list(KEYS.keys)
    assert first.fingerprint == first.leak[KEYS.current_id] != second.fingerprint


def test_a_reversible_password_is_as_weak_as_itself_and_one_in_all_its_ways() -> None:
    """Twelve hex digits are no twelve random ones: a list of words opens them."""
    line = b"username ann password 7 %s\n"
    found = shipped_scanner("cisco")

    def of(secret: bytes) -> Description:
        document = Document(source="t", id="1", content=line % secret, fetched_at=0.0)
        text = Described(document, found.scan(document.content), KEYS, Redactor(found))
        return text.of(text.findings[0])

    word = b"Sommer-Regen-20"
    one, two = (
        b"%02d%s" % (at, bytes(a ^ b for a, b in zip(word, CISCO[at:], strict=False)).hex().upper().encode())
        for at in (2, 9)
    )
    assert one != two
    assert of(one).weak
    assert of(one).fingerprint == of(two).fingerprint


def test_what_another_part_tells_is_left_out() -> None:
    assert described(b"k = " + TOKEN, offset=100, overlap=len(TOKEN) + 5).findings == []


def test_facts_say_whether_the_value_is_over_and_what_is_missing() -> None:
    (plain,) = scanner().scan(b"k = " + TOKEN)

    def told(ends: str, *missing: str) -> dict[str, str]:
        proof = Proof(Verdict.UNPROVABLE, "x", {"expires_at": ends, "empty": ""})
        return facts(replace(plain, proof=proof, missing=missing), now=1_700_000_000.0)

    assert facts(replace(plain, proof=Proof(Verdict.PROVED)), now=0.0) == {}
    assert told("2020-01-01T00:00:00+00:00")["expired"] == "yes"
    assert told("2040-01-01T00:00:00+00:00")["expired"] == "no"
    assert told("never") == {"expires_at": "never", "expired": "no"}
    assert told("soon", "a-id", "b-id") == {"expires_at": "soon", "missing": "a-id, b-id"}
