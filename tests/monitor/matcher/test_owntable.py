"""The look-up table: every entry is found under its key, and nothing else; it is kept, shared and made anew when a file changes."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.matcher.owntable import OwnTable
from monitor.own import ownfile
from monitor.own.ownfile import Entry, OwnFileError
from monitor.own.selectors import Selector

KEY, OTHER = "0badc0de", "feedf00d"
# few different bytes: many hashes begin alike, and may be found over the seam of two
DIGESTS = st.lists(st.sampled_from([0, 1, 255]), min_size=16, max_size=16).map(bytes)
ENTRIES = st.lists(
    st.builds(
        Entry, st.sampled_from([KEY, OTHER]), DIGESTS, st.sampled_from(["a", "b/c", "ünï", "d e"]), st.none()
    ),
    max_size=60,
)


def table(folder: Path, *files: list[Entry]) -> OwnTable:
    paths = []
    for number, entries in enumerate(files):
        paths.append(folder / f"{number}.txt")
        ownfile.write(paths[-1], entries)
    return OwnTable.open(paths, folder / "cache")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ENTRIES, ENTRIES, DIGESTS, st.randoms())
def test_it_has_what_the_files_have(
    tmp_path: Path, first: list[Entry], second: list[Entry], stranger: bytes, rng: random.Random
) -> None:
    rng.shuffle(first)
    known = table(tmp_path, first, second)
    entries = {*((0, entry) for entry in first), *((1, entry) for entry in second)}
    assert len(known) == len(entries)
    for digest in [stranger, *(entry.digest for _, entry in entries)]:
        for key_id in (KEY, OTHER):
            expected = sorted(entry.name for _, entry in entries if entry[:2] == (key_id, digest))
            assert sorted(known.names(key_id, digest)) == expected


def test_a_file_that_a_merge_left_unsorted_is_read_alike(tmp_path: Path) -> None:
    entries = [Entry(KEY, random.Random(number).randbytes(16), f"n{number}") for number in range(500)]
    path = tmp_path / "own.txt"
    path.write_bytes(b"".join(ownfile.written(entry) + b"\n" for entry in entries))
    known = OwnTable.open([path], tmp_path / "cache")
    assert all(list(known.names(KEY, entry.digest)) == [entry.name] for entry in entries)
    assert known.by_key == {KEY: 500}


def test_selectors_are_there_once(tmp_path: Path) -> None:
    one, two = Selector(b"\x00abcd", 40), Selector(b"\xffabcd", 41)
    entries = [Entry(KEY, bytes([n]) * 16, "n", (one, two, None)[n % 3]) for n in range(9)]
    assert set(table(tmp_path, entries).selectors()) == {one, two}
    assert len(list(table(tmp_path, entries).selectors())) == 2


def test_it_is_kept_and_made_anew_when_a_file_changes(tmp_path: Path) -> None:
    table(tmp_path, [Entry(KEY, b"a" * 16, "old")])
    (kept,) = (tmp_path / "cache").iterdir()
    before = kept.stat()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert list(table(tmp_path, [Entry(KEY, b"a" * 16, "old")]).names(KEY, b"a" * 16)) == ["old"]
    assert kept.stat().st_ino == before.st_ino

    changed = table(tmp_path, [Entry(KEY, b"a" * 16, "new")])

    assert list(changed.names(KEY, b"a" * 16)) == ["new"]
    assert [child.name for child in (tmp_path / "cache").iterdir()] == [kept.name]
    assert kept.stat().st_ino != before.st_ino


@pytest.mark.parametrize("spoil", ["cut", "zeros", "others", "empty"])
def test_a_table_that_is_damaged_or_not_ours_alone_is_made_anew(tmp_path: Path, spoil: str) -> None:
    entries = [Entry(KEY, b"a" * 16, "name")]
    table(tmp_path, entries)
    (kept,) = (tmp_path / "cache").iterdir()
    content = kept.read_bytes()
    if spoil == "others":
        kept.chmod(0o622)
    else:
        kept.write_bytes({"cut": content[:-1], "zeros": bytes(len(content)), "empty": b""}[spoil])
    assert list(table(tmp_path, entries).names(KEY, b"a" * 16)) == ["name"]
    assert kept.read_bytes() == content
    assert kept.stat().st_mode & 0o777 == 0o600


def test_without_a_folder_for_it_it_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    assert list(table(tmp_path, [Entry(KEY, b"a" * 16, "name")]).names(KEY, b"a" * 16)) == ["name"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OwnFileError, match="no such file"):
        OwnTable.open([tmp_path / "none"], tmp_path)
    (tmp_path / "bad").write_text("nonsense\n")
    with pytest.raises(OwnFileError, match="bad:1: "):
        OwnTable.open([tmp_path / "bad"], tmp_path)
    assert os.listdir(tmp_path) == ["bad"]  # noqa: PTH208 - names
