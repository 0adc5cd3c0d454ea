import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.paste.markup import TooComplex, all_of, check_selector, parse, text_of, value_of

PAGE = """<table><tr class=r><td><a class="t" href="/p/1">one &amp; two</a><td>ann
<tr class=r><td><a class="t" href="/p/2">&lt;b&gt;</a><td></table>"""


def test_selectors_with_and_without_an_attribute():
    rows = all_of(parse(PAGE), "tr.r")
    assert [value_of(row, "a.t@href") for row in rows] == ["/p/1", "/p/2"]
    assert [value_of(row, "a.t") for row in rows] == ["one & two", "<b>"]
    assert [value_of(row, "td:nth-child(2)") for row in rows] == ["ann", ""]
    assert value_of(rows[0], "@class") == "r"
    assert value_of(rows[0], "img@src") == value_of(rows[0], "a@title") == value_of(rows[0], "") == ""
    assert value_of(parse("<a href='mailto:x@y.example'>m</a>"), "a[href='mailto:x@y.example']") == "m"


@pytest.mark.parametrize("selector", ["", "a[", ">>", "a::foo", ":bogus(", "a[@"])
def test_what_is_no_selector_is_refused(selector):
    with pytest.raises(ValueError, match="selector"):
        check_selector(selector)


@pytest.mark.parametrize(
    "selector", ["a", "a@href", "@href", "tr > td:nth-child(2)", "a[href^='/p/']@data-id"]
)
def test_what_is_one_is_taken(selector):
    check_selector(selector)


def test_the_text_of_what_fits():
    page = "<h1>x</h1><pre id=a>A=1\n<b>B</b>=2</pre><pre id=a>C</pre>"
    assert text_of(page, "pre#a") == "A=1\nB=2\nC"
    assert text_of(page, "pre#b") is None
    assert text_of("", "pre") is None


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 300_000,
        "<div></x>" * 300_000,
        "<x><div></x>" * 200_000,
        "".join(f"<b id={n}>" for n in range(40)) + "<p>" * 300_000,  # each paragraph would get all of them
    ],
)
def test_a_page_that_would_take_for_ever_is_refused_unparsed(page):
    begun = time.process_time()
    with pytest.raises(TooComplex):
        parse(page)
    assert time.process_time() - begun < 5  # parsed it takes minutes


def test_a_long_list_is_none():
    rows = parse("<table>" + "<tr><td><a href=/x>x</a><td><b>y</b><td><i>z</i>" * 8_000 + "</table>")
    assert len(all_of(rows, "tr")) == 8_000


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_nothing_upsets_it(page):
    root = parse(page)
    assert root is None or all(value_of(node, "@href") == "" or node for node in all_of(root, "a"))
    assert text_of(page, "p") is None or "<p" in page.lower()
