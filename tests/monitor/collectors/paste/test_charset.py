import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.collectors.paste.charset import decode


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("ä".encode(), "", "ä"),
        ("ä".encode("cp1252"), "", "ä"),
        ("ä".encode("cp1252"), "text/html; charset=utf-8", "ä"),  # the header lies
        ("ф".encode("koi8-r"), "text/html; charset=KOI8-R", "ф"),
        ("ä".encode("utf-16"), "text/html; charset=utf-8", "ä"),
        (b"\xef\xbb\xbfx", "", "x"),
        (b"\x81\x8d", "text/html; charset=no-such", "��"),
        (b"aGk=", "text/html; charset=base64", "aGk="),  # a codec of Python that is none of text
    ],
)
def test_charsets(body, kind, text):
    assert decode(body, kind) == text


def test_the_page_names_its_charset():
    page = b"<html><meta http-equiv=Content-Type content='text/html; charset=windows-1251'>" + "ф".encode(
        "cp1251"
    )
    assert decode(page, "text/html").endswith("ф")


@given(st.binary(max_size=100), st.text(max_size=30))
def test_anything_is_some_text(body, kind):
    assert isinstance(decode(body, f"charset={kind}"), str)
