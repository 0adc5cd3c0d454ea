"""Values that stand again in a text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.matcher.repeats import Repeats


def test_the_longest_at_a_place_and_only_whole_ones() -> None:
    repeats = Repeats([b"abcd", b"abcdef", b"xyz"])
    assert repeats.longest == 6
    assert list(repeats.spans(b"-abcdef-abcd-", 0, 13)) == [(1, 7), (8, 12)]
    assert list(repeats.spans(b"-abcdef-", 0, 6)) == [(1, 5)]
    assert list(repeats.spans(b"xyz xyz", 0, 7)) == []
    assert list(Repeats([]).spans(b"abcd", 0, 4)) == []


@settings(max_examples=150)
@given(
    st.lists(st.text("ab", min_size=4, max_size=7).map(str.encode), max_size=5), st.text("ab", max_size=40)
)
def test_nothing_that_stands_there_is_missed(values: list[bytes], text: str) -> None:
    content = text.encode()
    spans = list(Repeats(values).spans(content, 0, len(content)))
    for value in values:
        at = content.find(value)
        while at >= 0:
            assert any(start <= at and at + len(value) <= end for start, end in spans)
            at = content.find(value, at + 1)


@settings(max_examples=150)
@given(
    st.lists(st.text("ab", min_size=4, max_size=7).map(str.encode), max_size=5),
    st.text("ab", max_size=40),
    st.integers(0, 5),
)
def test_few_values_are_found_where_many_are(values: list[bytes], text: str, begin: int) -> None:
    content = text.encode()
    others = [b"none-%d" % number for number in range(20)]
    few, many = Repeats(values), Repeats([*values, *others])
    assert list(few.spans(content, begin, len(content))) == list(many.spans(content, begin, len(content)))
