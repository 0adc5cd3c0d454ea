from __future__ import annotations

import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decoding import plain, taken
from detectors.decoders.quotedprintable import DECODER


@pytest.mark.parametrize(
    "text",
    [b'password=3D"Wq7rT2mK"', b'password =3D "Wq7rT2mK"', b"token=3DWq7rT2mK", b'"secret"=3DWq7rT2mK', b"x =3D 'Wq7rT2mK'"],
)  # fmt: skip
def test_an_equals_sign_behind_a_name(text: bytes) -> None:
    assert plain(DECODER, text) == text.replace(b"=3D", b"=")


def test_a_line_goes_on_behind_a_soft_end() -> None:
    assert plain(DECODER, b'password=3D"Wq7rT=\r\n2mK9x=  \nLp"') == b'password="Wq7rT2mK9xLp"'


@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r\0"), max_size=200))
def test_everything_behind_the_header_of_a_mail(body: str) -> None:
    head = b"Content-Transfer-Encoding: quoted-printable"
    data = ("\n\n" + body).encode()

    run = taken(DECODER, head + quopri.encodestring(data))

    assert run is not None
    assert run.data == data


@pytest.mark.parametrize("text", [b"a=3D", b"x=3D3", b"width=30", b"y = 3Dmodel", b"if (a==3D) {}"])
def test_other_equals_signs_stay_undecoded(text: bytes) -> None:
    assert taken(DECODER, text) is None
