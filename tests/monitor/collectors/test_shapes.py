from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors import shapes

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150)
@given(ANYTHING)
def test_nothing_upsets_the_readers(value: Any) -> None:
    assert isinstance(shapes.obj(value, "a", "b"), dict)
    assert isinstance(shapes.items(value), list)
    assert isinstance(shapes.text(value, "a", "b"), str)
    assert isinstance(shapes.integer(value), int | None)
    assert isinstance(shapes.instant(value, "a"), float | None)


def test_values_are_found_and_read() -> None:
    value = {"a": {"b": "x", "n": 5, "s": "0017", "t": "2026-11-21T10:38:40Z", "yes": True}}
    assert shapes.text(value, "a", "b") == "x"
    assert shapes.text(value, "a", "n") == "5"
    assert shapes.text(value, "a", "yes") == ""
    assert shapes.integer(value, "a", "s") == 17
    assert shapes.integer(value, "a", "b") is None
    assert shapes.integer("٣") is None
    assert shapes.instant(value, "a", "t") == 1795257520.0
    assert shapes.instant("2026-11-21T10:38:40") == 1795257520.0
    assert shapes.iso(1795257520.9) == "2026-11-21T10:38:40Z"
