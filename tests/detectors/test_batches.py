from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detectors.batches import by_document, joined

_TEXTS = st.lists(st.binary(max_size=8), max_size=8)


@given(_TEXTS)
def test_each_text_stands_where_it_is_said_to_with_an_empty_line_behind(texts: list[bytes]) -> None:
    text, starts, ends = joined(texts)

    assert [text[start:end] for start, end in zip(starts, ends, strict=True)] == texts
    assert all(text[end : end + 2] == b"\n\n" for end in ends[:-1])


@given(_TEXTS)
def test_a_hit_belongs_to_the_text_in_which_it_ends_and_between_two_to_none(texts: list[bytes]) -> None:
    text, starts, ends = joined(texts)

    found = by_document([(7, end) for end in range(1, len(text) + 1)], starts, ends)

    assert found == {
        index: [(7, end) for end in range(start + 1, stop + 1)]
        for index, (start, stop) in enumerate(zip(starts, ends, strict=True))
        if start < stop
    }


def test_the_documents_come_in_their_order_and_a_hit_before_the_first_is_none() -> None:
    found = by_document([(1, 30), (2, 12), (1, 4), (3, 30)], [10, 20], [15, 30])

    assert list(found.items()) == [(0, [(2, 12)]), (1, [(1, 30), (3, 30)])]
