from __future__ import annotations

from urllib.parse import quote_from_bytes, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decoding import plain, taken
from detectors.decoders.percent import DECODER


@given(st.binary(max_size=40))
def test_what_python_quotes_comes_out_again(value: bytes) -> None:
    document = b"key=" + value.replace(b"+", b"")

    assert plain(DECODER, quote_from_bytes(document + b"=x", safe="").encode()) == document + b"=x"


@pytest.mark.parametrize("escape", [b"%3D", b"%3d", b"%3A", b"%22", b"%27", b"%40"])
def test_a_sign_between_name_and_value_is_enough(escape: bytes) -> None:
    sign = bytes.fromhex(escape[1:].decode())

    assert plain(DECODER, b"password" + escape + b"Wq7rT2mK") == b"password" + sign + b"Wq7rT2mK"


def test_a_blank_of_a_form_and_a_plus_of_base64() -> None:
    assert plain(DECODER, quote_plus("key = 'Wq7r T2mK'").encode()) == b"key = 'Wq7r+T2mK'"
    assert plain(DECODER, b"key%3Dab+cd++%3D%3D") == b"key=ab+cd+ =="


@pytest.mark.parametrize("text", [b"100% of", b"a%20b%20c", b"%s %d %(name)s", b"%2F%2", b"x%3D"])
def test_blanks_paths_and_formats_stay_undecoded(text: bytes) -> None:
    assert taken(DECODER, text) is None


def test_the_places_of_escapes_are_the_escapes() -> None:
    text = b"x = %70%61%73%73%77%6f rest"
    run = taken(DECODER, text)

    assert run is not None
    assert run.data == b"x = passwo rest"
    assert text[slice(*run.span(4, 6))] == b"%70%61"
    assert text[slice(*run.span(2, 5))] == b"= %70"
    assert text[slice(*run.span(9, 12))] == b"%6f r"
