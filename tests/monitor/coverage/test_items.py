from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.coverage.items import Item, Outcome, item, pack, place_of, unpack

_ITEMS = st.lists(
    st.builds(
        Item,
        st.binary(min_size=16, max_size=16),
        st.integers(0, 0xFFFFFFFF),
        st.sampled_from(Outcome),
    )
)


@given(_ITEMS)
def test_what_is_packed_comes_back_sorted_and_once(items: list[Item]) -> None:
    assert list(unpack(pack([*items, *items]))) == sorted(set(items))


def test_a_place_is_known_whatever_its_case_and_apart_from_others() -> None:
    assert place_of("github.com", "Acme/Web") == place_of("GitHub.com", "acme/web")
    assert place_of("github.com", "acme/web") != place_of("gitlab.com", "acme/web")
    assert place_of("a", "b/c") != place_of("a\0b", "c")[::-1]


def test_times_that_do_not_fit_are_bounded() -> None:
    assert item("f", "n", None, Outcome.LISTED).at == 0
    assert item("f", "n", -5.0, Outcome.LISTED).at == 0
    assert item("f", "n", 1e12, Outcome.LISTED).at == 0xFFFFFFFF


@pytest.mark.parametrize(
    "packed", ["!", base64.b64encode(b"x" * 20).decode(), base64.b64encode(bytes(21)).decode()]
)
def test_what_cannot_be_items_is_refused(packed: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list(unpack(packed))
