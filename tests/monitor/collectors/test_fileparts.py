from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from monitor.collectors.fileparts import blob_id, parts, version
from monitor.identity import blob_sha
from monitor.sizes import PART_BYTES, PART_OVERLAP


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 12345])
def test_parts_overlap_and_cover_everything(tmp_path: Path, size: int) -> None:
    content = (b"0123456789abcde\n" * (size // 16 + 1))[:size]
    (tmp_path / "f").write_bytes(content)
    found = version(str(tmp_path / "f"), (tmp_path / "f").stat())

    pieces = list(parts(found))

    assert blob_id(found) == blob_sha(content)
    assert (len(pieces) == 1) == (0 < size <= PART_BYTES)
    assert b"".join(p.data if p.offset == 0 else p.data[PART_OVERLAP:] for p in pieces) == content
    for piece in pieces:
        assert content[piece.offset : piece.offset + len(piece.data)] == piece.data
        assert piece.line == content.count(b"\n", 0, piece.offset) + 1
        assert len(piece.data) <= PART_BYTES
    for one, two in itertools.pairwise(pieces):
        assert two.offset == one.offset + len(one.data) - PART_OVERLAP


def test_what_is_appended_belongs_to_the_next_version_and_what_shrinks_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"first")
    found = version(str(file), file.stat())
    file.write_bytes(b"first and more")

    assert blob_id(found) == blob_sha(b"first")
    assert [part.data for part in parts(found)] == [b"first"]

    file.write_bytes(b"")
    with pytest.raises(OSError, match="shorter"):
        blob_id(found)


def test_the_key_tells_versions_apart(tmp_path: Path) -> None:
    file, other = tmp_path / "f", tmp_path / "g"
    file.write_bytes(b"x")
    other.write_bytes(b"x")
    keys = {version(str(path), path.stat()).key for path in (file, other)}
    assert version(str(file), file.stat()).key in keys
    os.utime(file, (1, 1))
    keys.add(version(str(file), file.stat()).key)
    file.write_bytes(b"xy")
    os.utime(file, (1, 1))
    keys.add(version(str(file), file.stat()).key)

    assert len(keys) == 4
    assert {len(key) for key in keys} == {20}
