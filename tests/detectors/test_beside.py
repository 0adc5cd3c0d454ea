"""A finder beside the rules sees every text that they see; what both find is told once, by the one that says more."""

from __future__ import annotations

import gzip
import random
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from acme_rules import ruleset, scanner, scanner_with
from detectors import Finding, Scanner
from detectors.beside import FIRST, apart, together
from detectors.buffers import Buffer
from detectors.model import Confidence, Proof, Severity, Verdict
from detectors.raw import Hit
from detectors.synthetic import secret_for

WORD = b"zebra-crossing-9f"


class WordFinder:
    """Finds one word. `begun` counts documents."""

    def __init__(self, word: bytes = WORD) -> None:
        self.word = word
        self.begun = 0

    def begin(self) -> None:
        self.begun += 1

    def look(self, data: Buffer) -> Sequence[Hit]:
        text, found, at = bytes(data), [], -1
        while (at := text.find(self.word, at + 1)) >= 0:
            found.append((FIRST, at + len(self.word)))
        return found

    def findings(
        self, buffer: Buffer, low: int, high: int, hits: Sequence[Hit], dropped: Counter[str]
    ) -> list[Finding]:
        size = len(self.word)
        assert all(low < end <= high for _, end in hits)
        return [found(end - size - low, end - low, self.word) for _, end in hits]


def found(start: int, end: int, secret: bytes) -> Finding:
    rule = replace(ruleset()["acme-token"], id="word", provider="own")
    return Finding(
        rule, start, end, secret, Severity.CRITICAL, Confidence.HIGH, Proof(Verdict.PROVED, "own_hash")
    )


def with_finder(word: bytes = WORD) -> Scanner:
    return scanner_with(beside=WordFinder(word))


def told(findings: Sequence[Finding]) -> list[tuple[str, bytes, tuple[str, ...]]]:
    return [(one.rule.id, one.secret, one.decoded) for one in findings]


def test_it_finds_in_the_text_with_the_offsets_of_the_document() -> None:
    (one,) = with_finder().scan(b"a " + WORD + b" b")
    assert (one.start, one.end, one.secret) == (2, 2 + len(WORD), WORD)
    assert with_finder().scan(b"a " + WORD[1:]) == ()


def test_of_many_documents_in_one_call_each_has_its_own() -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    documents = [b"nothing", b"x " + WORD, b"k = " + token, b"k = " + token + b"\n" + WORD, WORD + WORD]
    many = with_finder().scan_many(documents)
    assert [len(one) for one in many] == [0, 1, 1, 2, 2]
    assert many == [with_finder().scan(document) for document in documents]
    assert many[2] == scanner().scan(documents[2])


def test_it_sees_what_is_decoded_and_unpacked() -> None:
    line = b'api_token = "' + WORD + b'"\n'
    assert told(with_finder().scan(b64encode(line))) == [("word", WORD, ("base64",))]
    assert told(with_finder().scan(gzip.compress(line)))[0][:2] == ("word", WORD)
    assert told(with_finder().scan(b64encode(gzip.compress(line, mtime=0))))[0][:2] == ("word", WORD)


def test_it_sees_the_sides_of_a_diff_once() -> None:
    diff = b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n same\n-old\n+" + WORD + b"\n"
    assert [one.secret for one in with_finder().scan(diff)] == [WORD]


def test_a_document_begins_before_it_is_asked() -> None:
    finder = WordFinder()
    made = scanner_with(beside=finder)
    made.scan_many([WORD, b"none", WORD])
    assert finder.begun == 2
    assert [one.secret for one in made.candidates(b"x " + WORD)] == [WORD]
    assert finder.begun == 3


def test_a_loud_document_loses_nothing_of_it() -> None:
    loud = b"acme_" + b"x" * 20 + b"\n"
    (one,) = [f for f in with_finder().scan(loud * 12_000 + WORD) if f.rule.id == "word"]
    assert one.secret == WORD


def test_what_a_provider_s_rule_tells_stays() -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    assert told(with_finder(token).scan(b"k = " + token)) == [("acme-token", token, ())]


def test_a_rule_that_names_nobody_gives_way_and_another_value_does_not() -> None:
    generic = replace(found(2, 10, b"abcdefgh"), rule=replace(ruleset()["acme-token"], provider="generic"))
    acme = replace(found(2, 10, b"abcdefgh"), rule=ruleset()["acme-token"])
    own, other = found(2, 10, b"abcdefgh"), found(4, 10, b"cdefgh")
    assert together([generic], [own]) == [own]
    assert together([acme], [own]) == [acme]
    assert together([acme], [other]) == [acme, other]
    assert together([acme], []) == [acme]
    assert together([own], [replace(own, decoded=("base64",))]) == [own]


def test_hits_are_told_apart_by_their_numbers() -> None:
    assert apart([(3, 1), (FIRST, 2), (FIRST + 9, 3)]) == ([(3, 1)], [(FIRST, 2), (FIRST + 9, 3)])
