import base64
import gzip
import hashlib

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.handin.ail import TooLarge, read
from monitor.collectors.handin.documents import Sender, Unacceptable

BY = Sender("ingest", "feeder", 1000.0)
CONTENT = "KEY=1 ä".encode()


def item(content=CONTENT, **other):
    made = {
        "source": "leak-folder",
        "source-uuid": "9cde0855-248b-4439-b964-0495b9b2b8bb",
        "default-encoding": "UTF-8",
        "meta": {
            "type": "file",
            "id": "dump/1",
            "url": "https://leaks.example/1",
            "author": 7,
            "title": None,
        },
        "timestamp": "1780326000",
        "data-sha256": hashlib.sha256(content).hexdigest(),
        "data": base64.b64encode(gzip.compress(content)).decode(),
    }
    return orjson.dumps({key: value for key, value in (made | other).items() if value is not None})


def test_an_item_becomes_a_document():
    made = read(item(), BY, max_bytes=10_000)
    assert (made.content, made.id, made.published_at) == (CONTENT, "feeder:dump/1", 1780326000.0)
    where = made.provenance
    assert (where.forge, where.url, where.author) == ("ingest/leak-folder", "https://leaks.example/1", "7")


def test_an_authors_address_is_apart_from_the_name():
    made = read(item(meta={"author": "Ann <ann@mail.example.net>"}), BY, max_bytes=10_000)
    assert (made.provenance.author, made.provenance.author_email) == ("Ann", "ann@mail.example.net")


def test_both_spellings_and_what_may_be_missing():
    for key in ("source_uuid", "source-uuid", "uuid"):
        made = read(item(**{"meta": None, "source-uuid": None, key: "u-1"}), BY, max_bytes=10_000)
        assert made.id == "feeder:u-1"
    bare = orjson.loads(item())
    made = read(orjson.dumps({"data": bare["data"]}), BY, max_bytes=10_000)
    assert (made.content, made.provenance.forge, made.published_at) == (CONTENT, "ingest/feeder", None)


@pytest.mark.parametrize("key", ["default-encoding", "default_encoding", "encoding"])
def test_another_encoding_becomes_utf_8(key):
    made = read(
        item("ä".encode("utf-16-le"), **{"default-encoding": None, key: "UTF-16LE"}), BY, max_bytes=10_000
    )
    assert made.content == "ä".encode()


def test_a_time_of_its_own_form_loses_nothing():
    for when in ("yesterday", "2026-06-01T15:00:00Z"):
        assert read(item(timestamp=when), BY, max_bytes=10_000).content == CONTENT


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "not an object"),
        (item(data=None), "data: base64"),
        (item(data=7), "data: base64"),
        (item(data="?"), "not base64"),
        (item(data="ä"), "not base64"),
        (item(data=base64.b64encode(b"plain").decode()), "gzip"),
        (item(data=base64.b64encode(gzip.compress(CONTENT)[:-9]).decode()), "gzip"),
        (item(**{"data-sha256": "0" * 64}), "sha256"),
        (item(**{"data-sha256": "ü"}), "sha256"),
        (item(b""), "no content"),
    ],
)
def test_a_mistake_is_named(body, reason):
    with pytest.raises(Unacceptable, match=reason):
        read(body, BY, max_bytes=10_000)


def test_a_gzip_bomb_is_not_unpacked():
    body = item(b"x" * 5_000_000)
    assert len(body) < 10_000
    with pytest.raises(TooLarge, match="80000"):
        read(body, BY, max_bytes=10_000)


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(["source", "data", "data-sha256", "meta", "timestamp", "encoding", "uuid"]),
        st.none()
        | st.integers(0, 9)
        | st.text(max_size=9)
        | st.dictionaries(st.sampled_from(["id", "url"]), st.none() | st.text(max_size=9)),
    ),
    st.booleans(),
)
def test_any_object_is_taken_or_refused(given, whole):
    raw = given | ({"data": orjson.loads(item())["data"]} if whole else {})
    try:
        read(orjson.dumps(raw), BY, max_bytes=1000).message()
    except Unacceptable:
        return
