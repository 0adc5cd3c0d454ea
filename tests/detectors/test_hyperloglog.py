from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.hyperloglog import STANDARD_ERROR, Distinct


def sketch(start: int, stop: int) -> Distinct:
    found = Distinct()
    for number in range(start, stop):
        found.add(b"%d@acme.org" % number)
    return found


@pytest.mark.parametrize("count", [0, 1, 40, 3_000, 20_000, 100_000])
def test_the_count_is_within_four_standard_errors(count: int) -> None:
    assert sketch(0, count).count() == pytest.approx(count, rel=4 * STANDARD_ERROR)


def test_what_was_seen_before_does_not_count() -> None:
    found = sketch(0, 500)
    for number in range(500):
        found.add(b"%d@acme.org" % number)

    assert found.count() == sketch(0, 500).count()


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_parts_merge_to_the_whole(a: int, b: int, c: int) -> None:
    left, right = sketch(a, a + b), sketch(a + c, a + b + c)
    whole = sketch(a, a + b)
    for number in range(a + c, a + b + c):
        whole.add(b"%d@acme.org" % number)

    left.merge(Distinct.restored(right.stored()))

    assert left.stored() == whole.stored()


@pytest.mark.parametrize("stored", [b"", b"\0" * 4095, b"\xff" * 4096])
def test_what_is_no_sketch_is_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match="registers"):
        Distinct.restored(stored)
