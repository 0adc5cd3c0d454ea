import pytest
from multidict import MultiDict
from yarl import URL

from monitor.console.filters import parse
from monitor.store.queries import Filter

NOON = 1_700_049_600.0
EVERYTHING = [
    ("severity", "high"), ("q", "x&y=1"), ("mode", "exercise"), ("rule", "a-rule"), ("source", "git"), ("within", "24h"), ("owned", "none"),
]  # fmt: skip


def test_without_a_query_it_is_what_is_open_and_ours():
    assert parse(MultiDict()).filter(NOON) == Filter(state="open", levels=("proved", "claimed"))


def test_several_words_of_a_kind():
    query = MultiDict(
        [("state", "all"), ("severity", "high"), ("severity", "low"), ("owned", "none"), ("q", " a b ")]
    )
    wanted = parse(query)
    assert wanted.filter(NOON) == Filter(state="", severities=("high", "low"), levels=("none",), text="a b")


def test_the_next_page_keeps_the_filter():
    wanted = parse(MultiDict([*EVERYTHING, ("limit", "7")]))
    again = parse(URL(wanted.url("12.5:ab")).query)
    assert again.filter(NOON) == wanted.filter(NOON)
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
        ("mode", "dream"),
        ("within", "2h"),
    ],
)
def test_a_wrong_word_is_named(pair):
    with pytest.raises(ValueError, match=pair[0]):
        parse(MultiDict([pair]))


def test_a_long_text_is_cut():
    assert len(parse(MultiDict([("q", "x" * 9000)])).text) == 200


def test_all_that_can_be_asked_for():
    wanted = parse(MultiDict(EVERYTHING))
    assert wanted.filter(NOON) == Filter(
        state="open",
        severities=("high",),
        levels=("none",),
        modes=("exercise",),
        rule="a-rule",
        source="git",
        since=NOON - 86_400,
        text="x&y=1",
    )
    assert wanted.is_narrow
    assert not wanted.has_counts
    assert not parse(MultiDict()).is_narrow
