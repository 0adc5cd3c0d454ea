from __future__ import annotations

import re

import pytest

from detectors.boundaries import bounded_for_re, stands_alone, word_start
from detectors.expressions import facts


@pytest.mark.parametrize(
    ("expression", "text", "there"),
    [
        ("tok_[a-z]{4}", b" tok_abcd ", True),
        ("tok_[a-z]{4}", b"xtok_abcd", False),
        ("tok_[a-z]{4}", b"_tok_abcd", False),
        ("tok_[a-z]{4}", b"-tok_abcd-", True),
        ("tok_[a-z]{4}", b"tok_abcdZ", False),
        ("tok_[a-z]{4}", b"tok_abcd_", True),
        ("tok_[a-z_]{4}", b"tok_abcd_", False),
        (r"tok_[a-z.]{4}", b"tok_abcd. Then", True),
        (r"tok_[a-z.]{4}", b"tok_abcd.ef", False),
        ("[A-Za-z0-9+/]{8}==tok", b"+abcdABCD==tok", False),
        ("[A-Za-z0-9+/]{8}==tok", b"=abcdABCD==tok", True),
        ("tok_[a-z]{4}", rb"text\ntok_abcd", True),
        ("tok_[a-z]{4}", rb"text\qtok_abcd", False),
        ("tok_[a-z]{4}", b"x%3Dtok_abcd%26", True),
        ("tok_[a-z]{4}", rb"x\u003dtok_abcd", True),
        ("tok_[a-z]{4}", rb"x\u013dtok_abcd", False),
        ('"tok_[a-z]{4}"', b'x"tok_abcd"x', True),
    ],
)
def test_both_ways_to_ask_give_the_same_answer(expression: str, text: bytes, there: bool) -> None:
    known = facts(expression)
    plain = re.search(expression.encode(), text)
    assert plain is not None

    assert (re.search(bounded_for_re(expression, known).encode(), text) is not None) is there
    assert stands_alone(text, *plain.span(), known) is there


def test_a_varying_value_ends_before_the_full_stop() -> None:
    expression = "tok_[a-z.]{4,9}"

    found = re.search(bounded_for_re(expression, facts(expression)).encode(), b"tok_abcdef. Then")

    assert found is not None
    assert found[0] == b"tok_abcdef"


def test_hyperscan_may_ask_for_a_word_only_where_every_value_begins_with_one() -> None:
    assert word_start(facts("tok_[a-z]{4}"))
    assert not word_start(facts("[a-z+]{4}tok"))


def test_a_value_that_an_extent_reads_on_has_no_end_of_its_own() -> None:
    known = facts("tok_[0-9a-z]{8}")
    text = b"tok_" + b"a1b2" * 9

    assert re.search(bounded_for_re("tok_[0-9a-z]{8}", known).encode(), text) is None
    assert re.search(bounded_for_re("tok_[0-9a-z]{8}", known, open_end=True).encode(), text)
    assert stands_alone(text, 0, 12, known, open_end=True)
    assert not stands_alone(b"x" + text, 1, 13, known, open_end=True)
