from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from random import Random

import pytest

from containing import meter
from detectors.containers import BrokenContainer, OverBudget
from detectors.containers.base import exactly
from detectors.containers.streams import Unpacked

NOISE = Random(2).randbytes(400_000)
PACK = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "deflate": lambda data: zlib.compress(data)[2:-4],
}


def unpacked(kind: str, data: bytes, most: int = 1 << 22, *, at_once: int = 1 << 16) -> bytes:
    source = io.BytesIO(data)
    stream = Unpacked(kind, lambda size: source.read(min(size, at_once)), meter(most))
    return exactly(stream.read, 1 << 22)


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("at_once", [1 << 16, 999])
def test_the_plain_bytes_come_out_in_whatever_pieces_they_are_read(kind: str, at_once: int) -> None:
    assert unpacked(kind, PACK[kind](NOISE), at_once=at_once) == NOISE


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_one_stream_may_follow_another_and_other_bytes_end_it(kind: str) -> None:
    pack = PACK[kind]

    assert unpacked(kind, pack(b"one ") + pack(b"two")) == b"one two"
    assert unpacked(kind, pack(b"one ") + b"\0\0padding") == b"one "


def test_many_empty_streams_are_paid_for() -> None:
    with pytest.raises(OverBudget):
        unpacked("gzip", gzip.compress(b"") * 2000)


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_ends_at_the_budget(kind: str) -> None:
    with pytest.raises(OverBudget):
        unpacked(kind, PACK[kind](bytes(3 << 20)), most=1 << 20)


@pytest.mark.parametrize("kind", PACK)
def test_a_cut_or_damaged_stream_is_broken(kind: str) -> None:
    data = PACK[kind](NOISE)
    with pytest.raises(BrokenContainer):
        unpacked(kind, data[: len(data) // 2])
    if kind != "deflate":
        with pytest.raises(BrokenContainer):
            unpacked(kind, data[:9] + b"\xff" * 50 + data[59:])


def test_more_memory_than_a_dictionary_of_xz_may_take_is_broken() -> None:
    data = lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}])

    with pytest.raises(BrokenContainer):
        unpacked("xz", data)
