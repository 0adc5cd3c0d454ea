import base64
import math

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.handin.documents import MOST, Sender, Unacceptable, read_many, read_one, trace_of
from monitor.identity import blob_sha

BY = Sender("ingest", "ci", 1000.0)


def test_one_document_with_everything():
    query = {"id": "7", "published_at": "999.5", "repository": "acme/code", "path": "a.env", "author": "ann"}
    made = read_one(b"KEY=1\n", query, "text/plain", BY)
    assert (made.source, made.id, made.content) == ("ingest", "ci:7", b"KEY=1\n")
    assert (made.published_at, made.fetched_at, made.media_type) == (999.5, 1000.0, "text/plain")
    assert made.blob_sha == blob_sha(b"KEY=1\n")
    assert (made.provenance.forge, made.provenance.repository) == ("ingest/ci", "acme/code")


def test_without_an_id_the_content_names_it():
    assert read_one(b"x", {}, "", BY).id == f"ci:{blob_sha(b'x')}"
    assert read_one(b"x", {"published_at": "2026-06-01T15:00:00Z"}, "", BY).published_at == 1780326000.0


@pytest.mark.parametrize(
    ("given", "forges", "forge"),
    [
        ({}, (), "ingest/ci"),
        ({"forge": "github.com"}, (), "ingest/github.com"),
        ({"forge": "GitHub.com"}, ("github.com",), "GitHub.com"),
        ({"forge": "gitlab.com"}, ("github.com",), "ingest/gitlab.com"),
        ({"forge": ""}, ("github.com",), "ingest/ci"),
        ({}, ("ci",), "ci"),
    ],
)
def test_a_forge_that_the_sender_may_not_speak_for_is_marked(given, forges, forge):
    by = Sender("ingest", "ci", 1000.0, frozenset(forges))
    assert read_one(b"x", given, "", by).provenance.forge == forge


@pytest.mark.parametrize(
    ("body", "query", "reason"),
    [
        (b"", {}, "no content"),
        (b"x", {"colour": "red"}, "unknown field 'colour'"),
        (b"x", {"published_at": "soon"}, "published_at"),
        (b"x", {"published_at": "nan"}, "published_at"),
        (b"x", {"published_at": "-1"}, "published_at"),
        (b"x", {"id": "x" * 513}, "id has more"),
    ],
)
def test_a_mistake_is_named(body, query, reason):
    with pytest.raises(Unacceptable, match=reason):
        read_one(body, query, "", BY)


def lines(*objects):
    return b"\n".join(orjson.dumps(o) for o in objects) + b"\n\n"


def test_many():
    body = lines(
        {"content": "ä", "id": "1", "published_at": 5, "media_type": "text/x"},
        {"content_base64": base64.b64encode(b"\xff\x00").decode(), "path": "b"},
    )
    first, second = read_many(body, BY)
    assert (first.content, first.id, first.published_at, first.media_type) == (
        "ä".encode(),
        "ci:1",
        5.0,
        "text/x",
    )
    assert (second.content, second.provenance.path) == (b"\xff\x00", "b")
    assert read_many(b"\n\n", BY) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not an object"),
        (b"{}", "either content"),
        (b'{"content": 1}', "either content"),
        (b'{"content": "a", "content_base64": "YQ=="}', "either content"),
        (b'{"content_base64": "?"}', "not base64"),
        ('{"content_base64": "\u00e4\u00e4\u00e4\u00e4"}'.encode(), "not base64"),
        (b'{"content": "a", "path": 7}', "'path': a text"),
        (b'{"content": ""}', "no content"),
        (b'{"content": "a", "x": "y"}', "unknown field"),
    ],
)
def test_the_wrong_line_is_named_and_nothing_is_taken(line, reason):
    with pytest.raises(Unacceptable, match=f"line 2: .*{reason}"):
        read_many(b'{"content": "fine"}\n' + line, BY)


def test_a_batch_is_bounded():
    with pytest.raises(Unacceptable, match=str(MOST)):
        read_many(b'{"content": "a"}\n' * (MOST + 1), BY)


@settings(max_examples=100)
@given(st.binary(max_size=80), st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
def test_any_bytes_are_taken_or_refused(body, query):
    for read in (lambda: [read_one(body, query, "", BY)], lambda: read_many(body, BY)):
        try:
            for document in read():
                document.message()
                assert document.published_at is None or math.isfinite(document.published_at)
        except Unacceptable:
            continue


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (f"00-{'ab' * 16}-{'cd' * 8}-01", "ab" * 16),
        ("", ""),
        (f"00-{'AB' * 16}-{'cd' * 8}-01", ""),
        (f"00-{'ab' * 16}-{'cd' * 8}-01\n", ""),
        ("rule/anything", ""),
    ],
)
def test_a_trace_is_32_hex_and_nothing_else(header: str, trace: str) -> None:
    assert trace_of(header) == trace
