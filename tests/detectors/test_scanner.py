"""The scanner as a whole, on made-up values."""

from __future__ import annotations

import mmap
import re
import threading
from pathlib import Path
from random import Random

import hyperscan
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acme_rules import ruleset, scanner, scanner_with
from detectors import Scanner
from detectors.boundaries import bounded_for_re, stands_alone
from detectors.confirm import Confirmer, Match
from detectors.context import reach
from detectors.engines import compiled
from detectors.expressions import LONGEST, facts
from detectors.loader import load_files
from detectors.model import Finding, Kind
from detectors.stats import REASONS, Budget
from detectors.synthetic import records_for, secret_for, value_for


def made(rule_id: str, seed: int = 1) -> bytes:
    return secret_for(ruleset()[rule_id], Random(seed))


def second_look(text: bytes) -> set[tuple[int, int]]:
    """The hits of the database with all names."""
    database = scanner().databases.second
    found: set[tuple[int, int]] = set()
    database.scan(text, lambda i, _s, end, _f, _c: found.add((i, end)), 0, None, hyperscan.Scratch(database))
    return found


def ids(found) -> list[str]:
    return [f.rule.id for f in found]


def test_a_token_is_found_exactly_and_at_its_place() -> None:
    token = made("acme-token")
    text = b"a = 1\nkey = '" + token + b"'\n"

    (finding,) = scanner().scan(text)

    assert (finding.rule.id, finding.secret, finding.start) == ("acme-token", token, text.index(token))
    assert text[finding.start : finding.end] == token


def test_a_text_without_a_hit_gives_nothing_and_drops_nothing() -> None:
    assert scanner().scan(b"nothing to see here\n" * 50) == ()
    assert scanner().last.hits == 0
    assert not scanner().last.dropped


@pytest.mark.parametrize("before", [rb"\n", rb"a\t", b"x%3D", rb"x\u003d", b"a=1&t=", b"%20"])
def test_a_value_behind_an_escape_is_found_where_it_stands(before: bytes) -> None:
    text = b"x = " + before + made("acme-token") + b"%26"

    assert [f.start for f in scanner().scan(text)] == [4 + len(before)]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_buffer_is_scanned_alike(kind) -> None:
    text = b"key " + made("acme-token") + b" end"

    assert scanner().scan(kind(text)) == scanner().scan(text)


def test_a_mapped_file_is_scanned_in_place(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"key " + made("acme-token") + b" end")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert ids(scanner().scan(mapped)) == ["acme-token"]


def test_the_greedy_rest_of_a_varying_value_is_taken_and_a_full_stop_left() -> None:
    value = b"agr-" + b"kX3vB9nQ2mZ7tR5wY8pL4hJ6sD1f"

    (finding,) = scanner().scan(b"see " + value + b". Then")

    assert finding.secret == value


@pytest.mark.parametrize(
    ("before", "after", "there"),
    [
        (b"", b"", 1),
        (b"x", b"", 0),
        (b"", b"x", 0),
        (b"_", b"", 0),
        (b"-", b"-", 1),
        (b"=", b"=", 1),
        (b"/", b"_", 1),
    ],
)
def test_a_value_inside_a_longer_word_is_none(before: bytes, after: bytes, there: int) -> None:
    assert len(scanner().scan(b" " + before + made("acme-token") + after + b" ")) == there


def test_an_expression_for_re2_is_confirmed_by_it() -> None:
    rule = ruleset()["acme-loop"]
    value = value_for(rule, Random(3)).text

    assert rule.engine == "re2"
    assert [f.secret for f in scanner().scan(b"<" + value + b">")] == [value]


def test_a_structure_gives_its_secret_and_its_scope() -> None:
    text = b'url = "acmedb://bob:Tr0ub4dor-x@Db.acme.org/x"'.replace(b"Db", b"db")

    (finding,) = scanner().scan(text)

    assert finding.secret == b"Tr0ub4dor-x"
    assert finding.scope == b"bob@db.acme.org"


def test_a_part_alone_is_dropped_and_counted_and_in_a_set_it_is_a_part() -> None:
    part = b'acme_id = "' + made("acme-id") + b'"\n'
    key = b'acme_key = "' + made("acme-key") + b'"\n'

    assert scanner().scan(part) == ()
    assert scanner().last.dropped["alone"] == 1
    (finding,) = scanner().scan(part + key)
    assert (finding.set_id, finding.severity) == ("acme-pair", "critical")
    assert [p.secret for p in finding.parts] == [made("acme-id")]
    assert ids(scanner().candidates(part)) == ["acme-id"]


def test_a_dump_is_one_finding_with_its_count() -> None:
    lines = records_for(ruleset()["acme-dump"], 40, Random(2))
    text = b"id list\n" + lines + b"\nend\n"

    found = [f for f in scanner().scan(text) if f.records]

    assert [(f.records, text[f.start : f.end]) for f in found] == [(40, lines)]


def test_a_reordered_dump_keeps_its_secret() -> None:
    lines = records_for(ruleset()["acme-dump"], 40, Random(2)).split(b"\n")

    first, second = (scanner().scan(b"\n".join(order)) for order in (lines, lines[::-1]))

    assert first[0].secret == second[0].secret


def test_documents_in_one_call_give_what_each_gives_alone() -> None:
    token, key = made("acme-token"), made("acme-key")
    documents = [
        b"",
        b"nothing",
        token,
        b"ACME_KEY=" + key,
        token[:10],
        token[10:],
        b"\n",
        token + b"\n" + token,
    ]

    assert scanner().scan_many(documents) == [scanner().scan(d) for d in documents]


def test_no_match_crosses_documents() -> None:
    token = made("acme-token")

    assert scanner().scan_spans(token, [0, 20], [20, len(token)]) == {}


def test_spans_ignore_what_stands_between_documents() -> None:
    token = made("acme-token")
    buffer = b"aa\n" + token + b"\n" + token + b"\n"

    found = scanner().scan_spans(buffer, [0, 4 + len(token)], [2, len(buffer)])

    assert {i: [f.start for f in fs] for i, fs in found.items()} == {1: [0]}


def test_a_loud_document_keeps_the_first_hits_of_each_rule_and_counts_the_rest() -> None:
    quiet = scanner_with(budget=Budget(hits=50, loud_hits=10))
    noise = b"".join(b"acme=%032x\n" % n for n in range(1 << 100, (1 << 100) + 200))
    text = noise + made("acme-token")

    found = quiet.scan(text)

    assert "acme-token" in ids(found)
    assert ids(found).count("acme-key") <= 10
    assert quiet.last.dropped["loud_rule"] >= 190
    assert quiet.last.loud["acme-key"] >= 190


def test_a_list_of_a_providers_tokens_is_cut_later_than_noise() -> None:
    quiet = scanner_with(budget=Budget(hits=50, loud_hits=10, exact_hits=150))
    tokens = b"".join(b"acme = %s\n" % made("acme-token", n) for n in range(200))
    noise = b"".join(b"acme=%032x\n" % n for n in range(1 << 100, (1 << 100) + 200))

    found = ids(quiet.scan(tokens + noise))

    assert found.count("acme-token") == 150
    assert found.count("acme-key") <= 10
    assert quiet.last.loud["acme-token"] == 50
    assert Budget().exact_hits > Budget().loud_hits


def test_a_loud_document_does_not_silence_its_neighbours() -> None:
    quiet = scanner_with(budget=Budget(hits=50, loud_hits=10))
    noise = b"".join(b"acme=%032x\n" % n for n in range(1 << 100, (1 << 100) + 200))

    found = quiet.scan_many([noise, made("acme-token")])

    assert ids(found[1]) == ["acme-token"]


# Pieces that nearly match: what is between random bytes and a finding.
_PIECES = st.sampled_from(
    [
        b"acme_",
        b"acme",
        b"ACME_KEY=",
        b"am-key: ",
        b"agr-",
        b"acmedb://",
        b"bob:",
        b"@",
        b"aloop:",
        b";123456",
        b"\n",
        b"\0",
        b"\xff\xfe",
    ]
    + [made(rule.id) for rule in ruleset().rules if rule.kind is not Kind.RECORDS]
    + [made("acme-token")[:20], made("acme-key")[7:], b"ab12" * 8, b"x" * 40]
)
_TEXTS = st.lists(st.one_of(_PIECES, st.binary(max_size=6)), max_size=12).map(b"".join)


def expression_of(rule):
    """What must be found: with its boundaries, where the engine can say them."""
    known = facts(rule.pattern)
    if rule.kind is Kind.TOKEN and rule.engine == "re":
        return compiled(bounded_for_re(rule.pattern, known), engine="re")
    return compiled(rule.pattern, engine=rule.engine)


@given(_TEXTS)
@settings(max_examples=200)
@example(b"acme" * 30)
def test_both_engines_agree(text: bytes) -> None:
    """Whatever the confirming engine matches anywhere, Hyperscan hits inside it, and the hit is confirmed or rejected by name."""
    hits = sorted(set(scanner()._raw.scan(text)))
    for index, rule in enumerate(ruleset().rules):
        if rule.kind in (Kind.CONTEXT, Kind.RECORDS):
            continue
        ends = [end for identity, end in hits if identity == index]
        expression, known = expression_of(rule), facts(rule.pattern)
        at = 0
        while match := expression.search(text, at):
            bounded = rule.kind is not Kind.TOKEN or stands_alone(text, *match.span(), known)
            assert not bounded or any(match.start() + known.minimum <= end <= match.end() for end in ends), (
                rule.id
            )
            at = match.start() + 1
        for end in ends:
            outcome = Confirmer(rule).confirm(text, 0, len(text), end, 0)
            assert isinstance(outcome, Match) or outcome.reason in REASONS


@given(
    st.sampled_from(["acme", "ACME_API_KEY", "am.key", "amKey", "x"]),
    st.one_of(st.binary(max_size=45), st.binary(min_size=75, max_size=85)),
    st.integers(0, 3),
    st.binary(max_size=3),
)
@settings(max_examples=200)
def test_both_engines_agree_on_context(name: str, gap: bytes, seed: int, after: bytes) -> None:
    """A bounded value with a name within the reach of its rule, on its line or above, is always a hit; one without never."""
    rule = ruleset()["acme-key"]
    index = ruleset().rules.index(rule)
    value = made("acme-key", seed)
    text = name.encode() + gap + value + after
    bounded = compiled(bounded_for_re(rule.pattern, facts(rule.pattern)), engine="re").search(
        text, len(text) - len(after) - 32
    )
    near = rb"(?is:acme|am[-._ ]?key)(?s:.{0,%d})\Z" % reach(rule)
    expected = re.search(near, text[: len(name) + len(gap)])

    hit = (index, len(text) - len(after)) in second_look(text)

    if expected and bounded and bounded.start() == len(name) + len(gap):
        assert hit
    elif expected is None:
        assert not hit


@given(_TEXTS)
@settings(max_examples=150)
def test_every_finding_is_where_it_says_and_matches_again(text: bytes) -> None:
    for finding in scanner().scan(text):
        rule = finding.rule
        assert 0 <= finding.start < finding.end <= len(text)
        if finding.decoded or finding.records:
            continue
        assert text[finding.start : finding.end] == finding.secret
        assert len(finding.secret) <= LONGEST
        if rule.kind is not Kind.STRUCTURE:
            assert compiled(rule.pattern, engine=rule.engine).fullmatch(finding.secret)
            assert len(finding.secret) >= facts(rule.pattern).minimum


@given(st.lists(_TEXTS, max_size=6))
@settings(max_examples=100)
def test_many_is_each(texts: list[bytes]) -> None:
    assert scanner().scan_many(texts) == [scanner().scan(text) for text in texts]


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_no_bytes_raise(text: bytes) -> None:
    scanner().scan(text)
    scanner().scan(b"\xff\xfe" + text)


def test_what_everybody_has_is_told_only_on_request(tmp_path) -> None:
    known = "6be0576ff61c053d" + "5f9a3225e2a90f76"
    rules = tmp_path / "beta.toml"
    rules.write_text(
        """title = "Beta"
[[rule]]
id = "beta-key"
title = "T"
severity = "low"
names = ["beta_key"]
value = '[0-9a-f]{32}'
examples = ["beta_key={{secret}}"]
"""
    )
    quiet, open_ = (
        Scanner(load_files([rules]), cache_dir=tmp_path, keep_known=keep) for keep in (False, True)
    )
    text = f"beta_key={known}".encode()

    assert quiet.scan(text) == ()
    assert quiet.last.dropped["public"] == 1
    (found,) = open_.scan(text)
    assert (found.confidence, found.known) == ("low", "example of the provider's documentation")
    assert len(quiet.scan(f"beta_key={known[::-1]}".encode())) == 1


def test_a_twin_shares_the_databases_and_finds_the_same_at_the_same_time() -> None:
    first = scanner()
    twin = first.twin()
    texts = [b"x" * n + b" " + made("acme-token") + b" ." for n in range(300)]
    found: list[list[tuple[Finding, ...]]] = []

    thread = threading.Thread(target=lambda: found.append([twin.scan(text) for text in texts]))
    thread.start()
    found.append([first.scan(text) for text in texts])
    thread.join()

    assert twin.databases is first.databases
    assert found[0] == found[1]
    assert all(found[0])
    assert twin.twin(keep_refuted=True).rules is first.rules
