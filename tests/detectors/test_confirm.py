"""One rule's hits, without Hyperscan: the window, the span, the reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acme_rules import ruleset
from detectors.confirm import MARGIN, Confirmer, Match, Miss
from detectors.expressions import LONGEST

KEY = b"0f1e2d3c4b5a69788796a5b4c3d2e1f0"


class Watched(bytes):
    """Bytes that remember how far they were looked at."""

    seen: tuple[int, int] = (1 << 30, 0)

    def __getitem__(self, at):
        if isinstance(at, slice):
            low, high, _ = at.indices(len(self))
            self.seen = (min(self.seen[0], low), max(self.seen[1], high))
        return super().__getitem__(at)


def confirm(rule_id: str, text: bytes, hit: int, done: int = 0, low: int = 0, high: int | None = None):
    return Confirmer(ruleset()[rule_id]).confirm(text, low, len(text) if high is None else high, hit, done)


def test_the_span_of_a_context_value_and_the_nearest_name() -> None:
    text = b"acme: am_key = '" + KEY + b"'"

    match = confirm("acme-key", text, text.index(KEY) + 32)

    assert isinstance(match, Match)
    assert (match.start, match.end, match.name, match.syntax) == (16, 48, b"am_key", "assign")


@pytest.mark.parametrize(("text", "name"), [(b"DB_PASSWORD=", b"PASSWORD"), (b"DB_PASS=", b"DB_PASS")])
def test_a_name_that_is_part_of_a_word_does_not_hide_one_inside_it(text: bytes, name: bytes) -> None:
    rule = replace(ruleset()["acme-key"], names=("db_pass", "password"))
    text += KEY

    match = Confirmer(rule).confirm(text, 0, len(text), len(text), 0)

    assert isinstance(match, Match)
    assert match.name == name


def test_the_reasons_of_a_miss() -> None:
    assert confirm("acme-key", b"acme=" + KEY + b"a", 37) == Miss("not_confirmed")
    text = b"acme_sha1=" + KEY
    assert confirm("acme-key", text, len(text)) == Miss("other_value", len(text))
    text = b"acme or not " + KEY
    assert confirm("acme-key", text, len(text)) == Miss("syntax", len(text))


def test_what_is_done_is_not_looked_at_again() -> None:
    text = b"agr-kX3vB9nQ2mZ7tR5wY8pL4hJ6"

    assert isinstance(confirm("acme-grant", text, 24), Match)
    assert isinstance(confirm("acme-grant", text, 24, done=1), Miss)


def test_the_document_bounds_the_view() -> None:
    text = b"acme=" + KEY + b"a"

    assert isinstance(confirm("acme-key", text, 37, high=37), Match)
    assert isinstance(confirm("acme-key", text, 37, low=2, high=37), Miss)


def test_no_more_than_the_longest_match_and_its_margins_is_looked_at() -> None:
    for rule in ruleset().rules:
        if rule.minimum:
            continue
        text = Watched(b"a" * 5000)
        Confirmer(rule).confirm(text, 0, len(text), 2500, 0)

        low, high = text.seen
        assert low >= 2500 - LONGEST - 2 * MARGIN
        assert high <= 2500 + LONGEST + MARGIN
        assert high - low <= LONGEST + 3 * MARGIN


def test_a_long_value_is_read_on_and_keeps_how_it_was_found() -> None:
    rule = replace(ruleset()["acme-key"], extent="base64")
    text = b"acme = '" + KEY + b"ZZ+/ZZ=='"

    match = Confirmer(rule).confirm(text, 0, len(text), 40, 0)

    assert isinstance(match, Match)
    assert match.secret == KEY + b"ZZ+/ZZ=="
    assert match.name == b"acme"


def test_a_value_is_found_by_the_name_behind_it() -> None:
    text = b"curl -H 'Authorization: Bearer " + KEY + b"' https://api.acme.com"

    match = confirm("acme-key", text, text.index(b"acme") + 4)

    assert isinstance(match, Match)
    assert (match.secret, match.name, match.syntax) == (KEY, b"acme", "words")
    assert confirm("acme-key", b"commit " + KEY + b" acme", 44) == Miss("other_value")
