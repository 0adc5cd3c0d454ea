import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.paste.listing import Entry, Unreadable, moment, reach, read
from monitor.collectors.paste.site import SiteSettings


def site(**values):
    given = {
        "list_url": "https://paste.example/list",
        "kind": "json",
        "id": "id",
        "item_url": "{origin}/{id}",
    }
    return SiteSettings.model_validate(given | values)


def feed(**values):
    return SiteSettings(list_url="https://blog.example/feed", recipe="feed", **values)


ATOM = b"""<?xml version="1.0" encoding="iso-8859-1"?>
<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>tag:x,1</id><title>na\xefve &lt;b></title><link href="/p/1"/>
<updated>2026-06-01T15:00:00Z</updated><author><name>joe</name><email>joe@mail.example.net</email></author>
<content type="html">&lt;pre>A=1 &lt;script>B=2&lt;/script> &amp;amp;&lt;/pre></content></entry></feed>"""
RSS = b"""<rss version="2.0"><channel><item><guid isPermaLink="false">77</guid><link>https://blog.example/1</link>
<pubDate>Mon, 01 Jun 2026 15:00:00 GMT</pubDate><author>joe@mail.example.net (Joe)</author><description><![CDATA[<p>hi</p>]]></description>
</item><item><link>https://blog.example/2</link><description>cut of"""


def test_json():
    body = orjson.dumps({"a": [{"id": 7, "t": "x", "by": {"name": "ann"}, "at": "1780326000", "n": "12"}]})
    chosen = site(items="a", title="t", author="by.name", date="at", date_format="epoch", size="n")
    (entry,) = read(chosen, body).entries
    assert entry == Entry(id="7", title="x", author="ann", published_at=1780326000.0, size=12, url="")
    assert entry.digest("s") != entry.digest("other")
    assert len(entry.digest("s")) == 16


def test_an_authors_address_is_apart_from_the_name():
    (entry,) = read(site(author="by"), orjson.dumps([{"id": 1, "by": "ann@mail.example.net"}])).entries
    assert (entry.author, entry.author_email) == ("", "ann@mail.example.net")


def test_atom_with_its_charset_and_the_address_apart_from_the_name():
    (entry,) = read(feed(), ATOM).entries
    assert (entry.id, entry.title, entry.url) == ("tag:x,1", "naïve <b>", "/p/1")
    assert (entry.author, entry.author_email) == ("joe", "joe@mail.example.net")
    assert entry.published_at == 1780326000.0
    assert entry.text == "A=1 B=2 &"  # nothing is taken out of it


def test_rss_that_is_cut_off_is_read_as_far_as_it_goes():
    first, second = read(feed(), RSS).entries
    assert (first.id, first.published_at, first.text) == ("77", 1780326000.0, "hi")
    assert (first.author, first.author_email) == ("Joe", "joe@mail.example.net")
    assert second.id == "https://blog.example/2"


def test_html_rows_that_do_not_fit_the_pattern_are_no_items():
    chosen = site(kind="html", items="a", id="@href", id_pattern="^/p/([0-9]+)$", title="b", item_kind="raw")
    listing = read(chosen, b"<a href=/about>About</a><a href=/p/5><b>five</b></a><a>x</a>")
    assert [(entry.id, entry.title) for entry in listing.entries] == [("5", "five")]
    assert listing.unusable == 0


def test_inline_html():
    chosen = site(kind="html", items="li", id="@id", item_kind="inline", text="p")
    (entry,) = read(chosen, b"<li id=1><p>A=1<br>B=2</p><p>C</p>").entries
    assert entry.text == "A=1\nB=2\nC"


@pytest.mark.parametrize("identifier", [None, "", ".", "..", "x" * 1025, "a\x00b", [], {}, 1.5, True])
def test_what_has_no_usable_id_is_no_item(identifier):
    listing = read(site(), orjson.dumps([{"id": identifier}]))
    assert (listing.entries, listing.unusable) == ((), 1)


@pytest.mark.parametrize(
    ("chosen", "body"),
    [
        (site(), b""),
        (site(), b"<html>"),
        (site(), b"null"),
        (site(items="a"), b'{"a": {}}'),
        (site(), b"[" * 2000),
        (feed(), b""),
        (feed(), b"<html><body>Just a moment"),
        (feed(), b"{}"),
        (feed(), b"/etc/hostname"),
        (site(kind="html", items="a", id="@href"), b""),
    ],
)
def test_what_is_no_list_is_told(chosen, body):
    with pytest.raises(Unreadable, match="bad_shape"):
        read(chosen, body)


def test_a_page_that_is_too_much_is_told():
    with pytest.raises(Unreadable, match="too_complex"):
        read(site(kind="html", items="a", id="@href"), b"<div>" * 300_000)


def test_entities_of_a_feed_are_not_expanded_and_no_file_is_read():
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    )
    body = (
        bomb + b'<rss version="2.0"><channel><item><guid>1</guid><title>&b;&f;</title></item></channel></rss>'
    )
    (entry,) = read(feed(), body).entries
    assert "aaaaaaaa" not in entry.title
    assert "root" not in entry.title


@pytest.mark.parametrize(
    ("written", "form", "seconds"),
    [
        ("2026-06-01T15:00:00Z", "iso", 1780326000.0),
        ("2026-06-01T17:00:00+02:00", "iso", 1780326000.0),
        ("1780326000", "epoch", 1780326000.0),
        (1780326000.5, "epoch", 1780326000.5),
        ("1780326000000", "epoch_ms", 1780326000.0),
        ("Mon, 01 Jun 2026 15:00:00 GMT", "rfc822", 1780326000.0),
        ("01.06.2026 15:00", "%d.%m.%Y %H:%M", 1780326000.0),
        ("5 minutes ago", "%d.%m.%Y %H:%M", None),
        ("nan", "epoch", None),
        ("1e300", "epoch", None),
        ("-5", "epoch", None),
        (None, "iso", None),
        ([], "epoch", None),
        ("", "rfc822", None),
    ],
)
def test_dates(written, form, seconds):
    assert moment(written, form) == seconds


def test_paths():
    value = {"a": [{"b": 1}]}
    assert reach(value, ("a", "0", "b")) == 1
    for path in (("a", "1"), ("a", "-1"), ("a", "x"), ("b",), ("a", "0", "b", "c"), ("a", "9" * 30)):
        assert reach(value, path) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "a", "t", "at", "n"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150)
@given(JSON, st.sampled_from(["iso", "epoch", "epoch_ms", "rfc822", "%Y-%m-%d"]))
def test_any_json_is_read_or_refused(value, form):
    chosen = site(
        items="a", title="t", author="t", date="at", date_format=form, size="n", version="t", url="t"
    )
    try:
        listing = read(chosen, orjson.dumps(value))
    except Unreadable:
        return
    assert all(isinstance(entry.id, str) and entry.id for entry in listing.entries)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body):
    for chosen in (feed(), site(), site(kind="html", items="a", id="@href")):
        try:
            read(chosen, body)
        except Unreadable:
            continue
