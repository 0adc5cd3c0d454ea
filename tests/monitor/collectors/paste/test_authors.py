import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.collectors.paste.authors import name_and_address

MAIL = "ann@mail.example.net"


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("Ann", "Ann", ""),
        (" ann b ", "ann b", ""),
        (MAIL, "", MAIL),
        (f"Ann B <{MAIL}>", "Ann B", MAIL),
        (f'"Ann B" <{MAIL}>', "Ann B", MAIL),
        (f"{MAIL} (Ann)", "Ann", MAIL),
        (f"mailto:{MAIL}", "", MAIL),
        (f"{MAIL}, bob@mail.example.net", "", MAIL),
        ("@ann", "@ann", ""),
        ("", "", ""),
    ],
)
def test_the_address_is_apart_from_the_name(written, name, address):
    assert name_and_address(written) == (name, address)


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_holds_an_address(before, after):
    name, _ = name_and_address(f"{before} {MAIL} {after}")
    assert MAIL not in name
