from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containing import listed
from detectors.containers import BrokenContainer, Meter, OverBudget
from detectors.containers.base import OVERLAP, PART, exactly, in_parts


def test_what_is_over_the_budget_is_not_paid() -> None:
    meter = Meter(most_bytes=10, most_members=1)
    meter.pay(10)
    meter.pay(0)
    with pytest.raises(OverBudget):
        meter.pay(1)
    assert meter.bytes_left == 0

    meter.pay_member()
    with pytest.raises(OverBudget):
        meter.pay_member()


@given(st.lists(st.binary(min_size=1, max_size=5)), st.integers(0, 30))
def test_exactly_so_many_bytes_whatever_pieces_they_come_in(pieces: list[bytes], size: int) -> None:
    whole = b"".join(pieces)
    source = io.BytesIO(whole)

    assert exactly(lambda most: source.read(min(most, 3)), size) == whole[:size]


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART - OVERLAP, 2 * PART])
def test_a_stream_comes_in_parts_that_overlap(size: int) -> None:
    whole = bytes(itertools.islice(itertools.cycle(range(251)), size))

    parts, error = listed(in_parts("name", io.BytesIO(whole).read))

    assert error == ""
    assert {part.name for part in parts} <= {"name"}
    assert parts[0].data + b"".join(part.data[OVERLAP:] for part in parts[1:]) == whole if size else not parts
    assert all(one.data[-OVERLAP:] == two.data[:OVERLAP] for one, two in itertools.pairwise(parts))
    assert all(len(part.data) <= PART for part in parts)


@pytest.mark.parametrize("error", [BrokenContainer, OverBudget])
def test_what_came_before_an_error_is_handed_on_first(error: type[Exception]) -> None:
    pieces = iter([b"first ", b"second"])

    def read(_size: int) -> bytes:
        for piece in pieces:
            return piece
        raise error

    parts, name = listed(in_parts("", read))

    assert ([part.data for part in parts], name) == ([b"first second"], error.__name__)
