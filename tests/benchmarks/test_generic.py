"""What the generic bench asks: each value in each place, once."""

from __future__ import annotations

import re
from random import Random
from urllib.parse import unquote

import pytest

from benchmarks import generic, generic_values
from benchmarks.generic_cases import DUMMIES, NEGATIVES, PASSWORD_PLACES, SECRET_PLACES, URLS

PLACES = [text for groups in (PASSWORD_PLACES, SECRET_PLACES) for texts in groups.values() for text in texts]
# in one order, whatever process lists them
MAKERS = dict.fromkeys([*generic_values.PASSWORDS, *generic_values.SECRETS, *generic_values.URL_PASSWORDS])


@pytest.mark.parametrize("place", [*PLACES, *URLS])
def test_a_place_has_one_hole(place: str) -> None:
    filled, value = generic._filled(place, "{value}")

    assert (filled.count("{value}"), value) == (1, "{value}")
    assert "@@" not in filled


def test_dummies_and_look_alikes_have_no_hole_and_are_there() -> None:
    assert len(DUMMIES) >= 500
    assert len(NEGATIVES) >= 700
    assert not any("@@" in text for text in (*DUMMIES, *NEGATIVES))


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_values_differ_and_a_seed_gives_the_same_again(make: generic_values.Maker) -> None:
    rng = Random(1)
    made = [make(rng) for _ in range(50)]

    assert made[0] == make(Random(1))
    assert len(set(made)) > 40
    assert all(len(value) >= 5 and not set(value) & set("\"' \n") for value in made)


def test_a_percent_encoded_value_has_a_sign_that_needs_it() -> None:
    values = [generic_values.percent(Random(seed)) for seed in range(9)]

    assert any(unquote(value) != value for value in values)


def test_a_case_holds_its_value() -> None:
    assert all(value in text for _, text, value in generic._positives(Random(1)))


def test_a_look_alike_is_made_with_its_digests_and_line_ends() -> None:
    made = generic._made('a "{{any:[0-9a-f]{40}}}"¶b {{x}} {{any:[A-Z]{2}(:[0-9]{3}){2}}}.', Random(1))

    assert re.fullmatch(r'a "[0-9a-f]{40}"\nb \{\{x\}\} [A-Z]{2}(:[0-9]{3}){2}\.', made)
    assert generic._made("plain {text}", Random(1)) == "plain {text}"


def test_every_look_alike_can_be_made() -> None:
    made = [generic._made(text, Random(2)) for text in NEGATIVES]
    assert not any("{{any:" in text or "¶" in text for text in made)
