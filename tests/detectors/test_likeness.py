from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.likeness import generated, of_one_case, thought_of, told, written
from detectors.stats import REASONS


@pytest.mark.parametrize(
    "value",
    [
        b"Summer2019!",
        b"hunter22",
        b"p4ss-Kitty",
        b"Berlin-2019",
        b"kjhgsdfw",
        b"x7f3k2m9q1",
        b"84736251",
        b"Dr@gon",
        b"Silver.river07",
    ],
)
def test_what_people_and_generators_make_passes_in_a_literal(value: bytes) -> None:
    assert thought_of(value) == ""


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"abc1", "word"),
        (b"zabbix", "word"),
        (b"dragon", "word"),
        (b"Welcome!", "word"),
        (b"customer_id_2", "identifier"),
        (b"my-service-credentials-v2", "identifier"),
        (b"theNameOfTheThingThatIsMeant2", "identifier"),
        (b"--..--", "number"),
        (b"1-2-3", "number"),
    ],
)
def test_names_and_words_do_not(value: bytes, reason: str) -> None:
    assert thought_of(value) == reason
    assert reason in REASONS


def test_a_bare_value_needs_more_than_a_literal() -> None:
    assert thought_of(b"84736251") == ""
    assert thought_of(b"84736251", quoted=False) == "number"
    assert thought_of(b"Silver-River07") == ""
    assert thought_of(b"Silver-River07", quoted=False) == "identifier"


def test_a_word_of_a_text_needs_a_digit_and_ends_no_sentence() -> None:
    assert told(b"dragon2019") == ""
    assert told(b"kjhgsdfw") == "word"
    assert told(b"version2019.") == "word"


def test_a_generated_value_is_measured_against_the_bits_asked_for() -> None:
    assert generated(b"kX3vB9nQ2mZ7tR5w", bits=12.0) == ""
    assert generated(b"kX3vB9nQ2mZ7tR5w", bits=500.0) == "identifier"
    assert generated(b"some_identifier_of_code", bits=0.0) == "identifier"


@given(st.binary(max_size=200))
def test_any_bytes_get_a_known_reason(value: bytes) -> None:
    assert {thought_of(value), told(value), generated(value, bits=4.0)} <= REASONS | {""}


def test_a_name_in_code_is_no_value_of_a_provider_and_what_is_drawn_at_random_may_be() -> None:
    assert written(b"GetLaunchProfileInitialization") == "identifier"
    assert written(b"xq7Rk2Vw9ZtB4mLp") == written(b"kjhgsdfwqpzxmvbn") == written(b"1/123456789012:0a") == ""


def test_letters_of_one_case_are_no_value_of_letters_and_digits() -> None:
    alnum = frozenset(string.ascii_letters.encode() + string.digits.encode())
    lower = frozenset(string.ascii_lowercase.encode() + string.digits.encode())
    assert of_one_case(b"gaetanocarpinato", alnum) == of_one_case(b"GAETANOCARPINATO", alnum) == "word"
    assert of_one_case(b"gaetanocarpinato", lower) == ""  # one in two hundred is so by chance
    assert of_one_case(b"gaetanocarpinatoandsomeothers", lower) == "word"
    assert of_one_case(b"gaetanocarpinat0", alnum) == of_one_case(b"gaetanoCarpinato", alnum) == ""
    assert of_one_case(b"buttons_name_to_num", alnum) == "word"
    assert of_one_case(b"gaetanocarpinato", frozenset(string.ascii_lowercase.encode())) == ""
