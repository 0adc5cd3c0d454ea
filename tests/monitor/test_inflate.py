from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.inflate import BadEncoding, Inflater, Truncated


def inflate(encoding: str, *chunks: bytes) -> list[bytes]:
    inflater = Inflater(encoding)
    pieces = [piece for chunk in chunks for piece in inflater.feed(chunk)]
    inflater.finish()
    return pieces


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 50))
def test_concatenated_members_in_any_chunks(texts: list[bytes], size: int) -> None:
    whole = b"".join(map(gzip.compress, texts))
    chunks = [whole[i : i + size] for i in range(0, len(whole), size)]
    assert b"".join(inflate("GZIP", *chunks)) == b"".join(texts)


def test_pieces_are_small_however_much_a_chunk_grows() -> None:
    pieces = inflate("gzip", gzip.compress(bytes(1_000_000)))
    assert max(map(len, pieces)) <= 64 * 1024
    assert sum(map(len, pieces)) == 1_000_000


def test_the_other_encodings() -> None:
    assert inflate("", b"as", b"it is") == [b"as", b"it is"]
    assert inflate("identity", b"x") == [b"x"]
    assert inflate("deflate", zlib.compress(b"x")) == [b"x"]
    assert inflate("gzip") == []
    for name in ("br", "zstd", "gzip, gzip", "compress"):
        with pytest.raises(BadEncoding):
            Inflater(name)


@settings(max_examples=100)
@given(st.binary(min_size=1, max_size=200))
def test_broken_text_has_one_of_two_errors(raw: bytes) -> None:
    try:
        inflate("gzip", raw)
    except (BadEncoding, Truncated):
        return
    assert gzip.decompress(raw) is not None


def test_how_many_members_are_too_many_is_the_caller_s_choice() -> None:
    whole = gzip.compress(b"x") * 100
    with pytest.raises(BadEncoding):
        inflate("gzip", whole)
    inflater = Inflater("gzip", most=100)
    assert b"".join(inflater.feed(whole)) == b"x" * 100
    with pytest.raises(BadEncoding):
        list(inflater.feed(gzip.compress(b"x")))
