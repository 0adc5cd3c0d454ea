from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decoding import plain, taken
from detectors.decoders.jsonstring import DECODER


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30))
def test_json_in_a_string_in_json_is_one_level_less(value: str) -> None:
    inner = json.dumps({"a": json.dumps({"key": value})})
    outer = json.dumps({"b": inner})

    run = taken(DECODER, outer.encode())

    assert run is not None
    assert run.data == b'{"b": "' + inner.encode() + b'"}'


def test_addresses_as_php_writes_them() -> None:
    assert (
        plain(DECODER, rb'"url":"https:\/\/user:pw@db.acme.io\/x"') == b'"url":"https://user:pw@db.acme.io/x"'
    )


def test_a_line_end_becomes_one() -> None:
    assert plain(DECODER, rb"{\\\"a\\\": 1,\n\r\t\\\"b\\\": 2}") == b'{\\"a\\": 1,\n\r\t\\"b\\": 2}'


@pytest.mark.parametrize("text", [rb'"{\"key\": \"value\"}"', rb"C:\path\new", rb"a\/b"])
def test_what_the_rules_read_as_it_stands_is_left_to_them(text: bytes) -> None:
    assert taken(DECODER, text) is None
