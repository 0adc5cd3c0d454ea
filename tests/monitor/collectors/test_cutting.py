from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.cutting import cut
from monitor.contracts import Document
from monitor.identity import blob_sha
from monitor.sizes import PART_OVERLAP


def document(content: bytes, **more: object) -> Document:
    return Document(source="s", id="i", content=content, fetched_at=1.0, **more)  # type: ignore[arg-type]


def test_a_document_that_fits_stays_itself() -> None:
    whole = document(b"x" * 100)
    assert list(cut(whole, limit=100, overlap=20)) == [whole]


def test_the_overlap_is_longer_than_the_longest_token() -> None:
    assert PART_OVERLAP > 2 * 4096


def test_every_part_has_the_blob_id_of_the_whole() -> None:
    content = b"0123456\n" * 50
    assert {part.blob_sha for part in cut(document(content), limit=100, overlap=20)} == {blob_sha(content)}
    known = cut(document(content, blob_sha="ab"), limit=100, overlap=20)
    assert {part.blob_sha for part in known} == {"ab"}


@settings(max_examples=150)
@given(
    st.binary(max_size=3000) | st.text("ab\n", max_size=3000).map(str.encode),
    st.integers(80, 400),
    st.integers(8, 39),
    st.integers(1, 5),
    st.integers(0, 1000),
)
def test_parts_cover_everything_and_know_where_they_are(
    content: bytes, limit: int, overlap: int, line: int, offset: int
) -> None:
    whole = document(content, line=line, offset=offset)
    parts = list(cut(whole, limit=limit, overlap=overlap))
    end = 0
    for part in parts:
        begin = part.offset - offset
        assert len(part.content) <= limit
        assert content[begin : begin + len(part.content)] == part.content
        assert part.line == line + content.count(b"\n", 0, begin)
        assert part.id == "i"
        assert begin % 2 == 0
        assert begin == 0 or end - begin >= overlap
        assert begin + len(part.content) > end or not content
        assert part.overlap == max(0, end - begin)
        assert part.more == (part is not parts[-1])
        end = begin + len(part.content)
    assert end == len(content)


@pytest.mark.parametrize("place", range(900, 1100, 7))
def test_a_token_of_the_overlaps_length_is_whole_in_one_part(place: int) -> None:
    token = b"T" * 50
    content = b"a" * place + token + b"b" * 2000
    assert any(token in part.content for part in cut(document(content), limit=1000, overlap=50))


def test_a_part_begins_with_a_line_where_one_is_near() -> None:
    content = b"0123456\n" * 500
    parts = list(cut(document(content), limit=1001, overlap=100))
    assert all(part.content.startswith(b"0123456\n") for part in parts)
    assert parts[1].line > 1
