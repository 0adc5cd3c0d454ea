import pytest
from multidict import MultiDict
from yarl import URL

from monitor.console.filters import parse
from monitor.store.queries import Filter


def test_without_a_query_it_is_what_is_open_and_ours():
    assert parse(MultiDict()).filter == Filter(state="open", levels=("proved", "claimed"))


def test_several_words_of_a_kind():
    query = MultiDict(
        [("state", "all"), ("severity", "high"), ("severity", "low"), ("owned", "none"), ("q", " a b ")]
    )
    wanted = parse(query)
    assert wanted.filter == Filter(state="", severities=("high", "low"), levels=("none",), text="a b")


def test_the_next_page_keeps_the_filter():
    wanted = parse(MultiDict([("severity", "high"), ("q", "x&y=1"), ("limit", "7")]))
    again = parse(URL(wanted.url("12.5:ab")).query)
    assert again.filter == wanted.filter
    assert (again.after, again.limit) == ("12.5:ab", 7)


@pytest.mark.parametrize(
    "pair",
    [
        ("state", "gone"),
        ("severity", "awful"),
        ("owned", "mine"),
        ("limit", "0"),
        ("limit", "x"),
        ("limit", "9999"),
    ],
)
def test_a_wrong_word_is_named(pair):
    with pytest.raises(ValueError, match=pair[0]):
        parse(MultiDict([pair]))


def test_a_long_text_is_cut():
    assert len(parse(MultiDict([("q", "x" * 9000)])).text) == 200
