from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detectors.secondlook import BEFORE, BEHIND, around, windows


def test_windows_of_near_hits_are_one_and_stay_in_the_buffer() -> None:
    assert windows([10, 5000, 5000 + BEFORE + BEHIND, 9000], 9001) == [
        (0, 10 + BEHIND),
        (5000 - BEFORE, 5000 + BEFORE + 2 * BEHIND),
        (9000 - BEFORE, 9001),
    ]


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=20), st.integers(0, 255))
def test_every_place_of_the_text_leads_back_to_the_same_bytes(ends: list[int], first: int) -> None:
    data = bytes((first + i * 7) % 251 for i in range(5000))

    text, spots = around(data, ends)

    for low, high in windows(ends, len(data)):
        assert data[low:high] in text
    inside = set(spots.inside)
    for end in range(1, len(text) + 1):
        if end in inside or text[end - 1 : end] != data[spots.end(end) - 1 : spots.end(end)]:
            assert end in inside  # the newline between two windows
