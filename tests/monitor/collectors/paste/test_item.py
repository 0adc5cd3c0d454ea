import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.paste.item import Text, Verdict, address, place, read
from monitor.collectors.paste.listing import Entry
from monitor.collectors.paste.site import SiteSettings


def site(**values):
    given = {
        "list_url": "https://paste.example/list",
        "kind": "json",
        "id": "id",
        "item_url": "{origin}/r/{id}",
    }
    return SiteSettings.model_validate(given | values)


@pytest.mark.parametrize(
    ("identifier", "url"),
    [
        ("abc", "https://paste.example/r/abc"),
        ("../x", "https://paste.example/r/..%2Fx"),
        ("a?b#c", "https://paste.example/r/a%3Fb%23c"),
        ("%2e%2e", "https://paste.example/r/%252e%252e"),
    ],
)
def test_an_id_stays_inside_its_place(identifier, url):
    assert address(site(), Entry(identifier)) == url


@pytest.mark.parametrize(
    ("written", "hosts", "url"),
    [
        ("/p/1", (), "https://paste.example/p/1"),
        ("//paste.example/p", (), "https://paste.example/p"),
        ("https://paste.example:8443/p", (), ""),
        ("https://paste.example:8443/p", ("paste.example:8443",), "https://paste.example:8443/p"),
        ("https://raw.example/p", (), ""),
        ("https://raw.example/p", ("raw.example",), "https://raw.example/p"),
        ("http://paste.example/p", (), ""),
        ("http://raw.example/p", ("raw.example",), ""),
        ("https://u:p@paste.example/p", (), ""),
        ("javascript:alert(1)", (), ""),
        ("file:///etc/passwd", (), ""),
        ("https://[/", (), ""),
        ("", (), ""),
    ],
)
def test_a_place_is_on_the_sites_hosts_or_none(written, hosts, url):
    chosen = site(item_url="", url="url", hosts=hosts)
    assert address(chosen, Entry("1", url=written)) == place(chosen, Entry("1", url=written)) == url


def test_raw():
    assert read(site(), b"\xff\x00A") == (Verdict.CONTENT, (Text(b"\xff\x00A"),))
    assert read(site(), b" \n") == (Verdict.EMPTY, ())
    assert read(site(text_html=True), b"<p>A=1<p>B")[1] == (Text(b"A=1\nB"),)


def test_error_texts_are_short_and_whatever_their_case():
    chosen = site(error_texts=[{"text": "not ready", "retry": True}, {"text": "No such paste"}])
    assert read(chosen, b"Sorry, NOT READY yet")[0] is Verdict.NOT_READY
    assert read(chosen, b"no such paste")[0] is Verdict.ERROR
    assert read(chosen, b"no such paste " * 200)[0] is Verdict.CONTENT


def test_html():
    chosen = site(item_kind="html", text="pre")
    assert read(chosen, "<pre>ä=1</pre>".encode("cp1252"), "text/html")[1] == (Text("ä=1".encode()),)
    assert read(chosen, b"<p>no paste here")[0] is Verdict.BAD_SHAPE
    assert read(chosen, b"<pre> </pre>")[0] is Verdict.EMPTY
    assert read(chosen, b"<div>" * 300_000)[0] is Verdict.TOO_COMPLEX


def test_json():
    whole = site(item_kind="json", text="data.raw")
    assert read(whole, b'{"data": {"raw": "A=1"}}')[1] == (Text(b"A=1"),)
    for body in (b'{"data": null}', b"[]", b"{", b'{"data": {"raw": 7}}', b"[" * 3000):
        assert read(whole, body)[0] is Verdict.BAD_SHAPE
    posts = site(recipe="discourse", item_url="{origin}/t/{id}.json")
    body = orjson.dumps(
        {"post_stream": {"posts": [{"id": 1, "cooked": "<p>A=1</p>"}, {"id": 2, "cooked": ""}]}}
    )
    assert read(posts, body)[1] == (Text(b"A=1", "1"),)


@settings(max_examples=100)
@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_answer_is_judged(body, kind):
    for chosen in (site(), site(item_kind="html", text="p"), site(item_kind="json", files="a", text="b")):
        verdict, texts = read(chosen, body, kind)
        assert bool(texts) is (verdict is Verdict.CONTENT)


@settings(max_examples=100)
@given(st.text(min_size=1, max_size=40), st.text(max_size=60))
def test_no_id_and_no_url_leads_elsewhere(identifier, written):
    for chosen in (site(), site(item_url="", url="url")):
        found = address(chosen, Entry(identifier, url=written))
        assert not found or found.startswith("https://paste.example/")
