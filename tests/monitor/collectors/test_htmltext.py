from __future__ import annotations

import html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.htmltext import to_text, unescape


@pytest.mark.parametrize(
    ("fragment", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<p>two<p>three", "one\ntwo\nthree"),  # Hacker News: paragraphs that never end
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<b>AB</b>CD<wbr>EF<i>GH</i>", "ABCDEFGH"),
        ("a &lt;b&gt; &amp; &quot;c&quot; &#x27;d&#39; &#x2F;", "a <b> & \"c\" 'd' /"),
        ("&amp;lt;", "&lt;"),  # resolved once
        ("&nosuchthing; &; & &#; &#x;", "&nosuchthing; &; & &#; &#x;"),
        ("&#0; &#xD800; &#1114112;", "\ufffd \ufffd \ufffd"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a <", "a <"),
        ("<ul><li>x</li><li>y</li></ul>", "x\ny"),
        ("<table><tr><td>k</td><td>v</td></tr></table>", "\tk\tv"),
        ("<!-- language: lang-py -->x", "language: lang-py\nx"),
        ("x<!-- no end", "x<!-- no end"),
        ('<div class="a>b">x</div>', "x"),
        ("<P>A</P><BR><Code>b</Code>", "A\nb"),
        ("a</b>b</nothing>c", "abc"),
    ],
)
def test_text(fragment: str, text: str) -> None:
    assert to_text(fragment) == text


def test_code_is_kept_as_it_was_typed() -> None:
    code = "def f(a):\n\tif a < 1 && b > 2:\n\n        return  {'k':  \"v\"}   # &amp;\n"
    fragment = f'<p>This:</p>\n\n<pre class="lang-py prettyprint-override"><code>{html.escape(code)}</code></pre>\n<p>end</p>'
    assert code in to_text(fragment)


@pytest.mark.parametrize(
    ("fragment", "text"),
    [
        ('<a href="https:&#x2F;&#x2F;x.invalid&#x2F;?k=v">here</a>.', "here (https://x.invalid/?k=v)."),
        ('<a href="https://x.invalid/a">https://x.invalid/a</a>', "https://x.invalid/a"),
        (
            '<a href="https://x.invalid/a/long/way" rel="nofollow">https://x.invalid/a/l...</a>!',
            "https://x.invalid/a/long/way!",
        ),
        (
            '<a href="https://y.invalid">https://x.invalid/a...</a>',
            "https://x.invalid/a... (https://y.invalid)",
        ),
        ("<a href=/q/1>q</a>", "q (/q/1)"),
        ("<a href='x'>never closed", "never closed (x)"),
        ('<a href="1">one<a href="2">two</a>', "one (1)two (2)"),
        ('<a href="/?a=1&copy=2&amp;b=3">x</a>', "x (/?a=1&copy=2&b=3)"),
        ("<a name=top>x</a>", "x"),
        ('<a href="1" href="2">x</a>', "x (1)"),
        ('<img src="https://i.invalid/k.png" alt="a key">', " a key https://i.invalid/k.png "),
        ('<span title="what it hides">x</span>', " what it hides x"),
        ('<span data-title="no">x</span>', "x"),
    ],
)
def test_where_links_and_pictures_lead_is_text(fragment: str, text: str) -> None:
    assert to_text(fragment) == text


def test_a_title_has_entities_and_no_tags() -> None:
    assert unescape("a &amp; b &lt;p&gt; &#39;c&#39; <p>") == "a & b <p> 'c' <p>"
    assert unescape("none") == "none"


def test_a_number_of_many_digits_is_no_entity() -> None:
    many = "&#" + "1" * 100_000 + ";"
    assert unescape(many).endswith("1" * 1000 + ";")


@pytest.mark.parametrize(
    "unit",
    [
        "<", "<a", "<a ", "<a href=", '<a href="', "<a href='", "<!--", "<!", "</", "<a href=x>", "&", "&#", "&#1", "&a", '"', "<a '\"",
        "<p", "< p", "<pre><code>", "<a \t\n", "<img src=x alt=", "href ", "href = ", "<b title", '<a href="x...">y...',
    ],
)  # fmt: skip
@pytest.mark.timeout(100)  # the square of this length would take minutes
def test_the_work_grows_with_the_length_only(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    assert isinstance(to_text(text), str)
    assert isinstance(to_text(f"<b {text}>"), str)


@settings(max_examples=300)
@given(st.text(alphabet="<>ab/\"'= &#;x1!-\n", max_size=200) | st.text(max_size=200))
def test_nothing_upsets_it(fragment: str) -> None:
    assert isinstance(to_text(fragment), str)


@settings(max_examples=200)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=100),
    st.sampled_from(["p", "code", "li", "b"]),
)
def test_what_was_escaped_comes_back(written: str, tag: str) -> None:
    assert to_text(f"<{tag}>{html.escape(written)}</{tag}>") == written
