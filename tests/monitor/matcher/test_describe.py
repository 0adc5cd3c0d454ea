"""What is told of a document's findings."""

from __future__ import annotations

import random

from acme_rules import ruleset, scanner
from detectors.synthetic import secret_for
from monitor.contracts import Document
from monitor.identity import KeyRing
from monitor.matcher.describe import Described
from monitor.matcher.redact import Redactor

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


def test_what_another_part_tells_is_left_out() -> None:
    assert described(b"k = " + TOKEN, offset=100, overlap=len(TOKEN) + 5).findings == []
