from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decoding import plain, taken
from detectors.decoders.entities import DECODER


@pytest.mark.parametrize(
    "text",
    [
        b"password=&quot;Wq7rT2mK&quot;",
        b"password=&#34;Wq7rT2mK&#34;",
        b"password=&#x22;Wq7rT2mK&#X22;",
        b"password&equals;&quot;Wq7rT2mK&quot;",
        b"&#112;&#97;&#115;&#115;&#119;&#111;&#114;&#100;&#61;&#34;Wq7rT2mK&#34;",
        b"&#x70;&#x61;&#x73;&#x73;word&#x3d;&quot;Wq7rT2mK&quot;",
    ],
)
def test_every_spelling_of_a_reference_is_read(text: bytes) -> None:
    assert plain(DECODER, text) == b'password="Wq7rT2mK"'


def test_one_level_is_taken_off_at_a_time() -> None:
    assert plain(DECODER, b"key=&amp;quot;Wq7rT2mK&amp;quot;") == b"key=&quot;Wq7rT2mK&quot;"


@pytest.mark.parametrize("text", [b"a &lt; b &amp;&amp; c", b"key = &value;", b"x=1&colon=2&y=3"])
def test_markup_without_a_name_and_its_value_stays_undecoded(text: bytes) -> None:
    assert taken(DECODER, text) is None


def test_what_is_no_reference_stands_as_it_did() -> None:
    assert plain(DECODER, b"k=&quot;a&nosuchname;b&c") == b'k="a&nosuchname;b&c'
    assert plain(DECODER, b"k=&quot;a&#9999999;b") == b'k="ab'


@given(st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\n\r\0"), min_size=1, max_size=40))
def test_what_python_escapes_comes_out_again(text: str) -> None:
    document = f'key="{text}"'

    assert plain(DECODER, html.escape(document).encode()) == document.encode()
