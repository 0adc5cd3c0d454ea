from __future__ import annotations

import io
import struct
import zipfile

import pytest

from containing import listed, meter, packed
from detectors.containers import BrokenContainer, Meter, OverBudget
from detectors.containers.zips import Entry, entries, members

METHODS = {"stored": zipfile.ZIP_STORED, "deflate": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2}
FILES = {"a.txt": b"first " * 99, "folder/b": b"", "c": b"last"}


def directory(data: bytes, budget: Meter | None = None) -> list[Entry]:
    return list(entries(io.BytesIO(data), budget or meter()))


def read(data: bytes, budget: Meter | None = None) -> dict[str, bytes]:
    file, budget = io.BytesIO(data), budget or meter()
    return {
        entry.name: b"".join(member.data for member in members(file, entry, budget))
        for entry in directory(data, budget)
    }


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_read(method: str) -> None:
    assert read(packed(FILES, METHODS[method])) == FILES


def test_a_program_in_front_of_the_archive_shifts_it() -> None:
    assert read(b"#!/bin/sh\nexec java -jar $0\n" + packed(FILES)) == FILES


def test_a_comment_behind_the_archive() -> None:
    out = io.BytesIO(packed(FILES))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"x" * 5000

    assert read(out.getvalue()) == FILES


def test_folders_are_left_out() -> None:
    assert [entry.name for entry in directory(packed({"folder/": b"", "folder/a": b"x"}))] == ["folder/a"]


def test_sizes_that_stand_in_the_wide_field() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"text")
    data = bytearray(out.getvalue())
    at = data.index(b"PK\1\2")
    entry = list(struct.unpack_from("<4s4B4HL2L5H2L", data, at))
    plain, packed_size, local = entry[11], entry[10], entry[18]
    entry[10] = entry[11] = entry[18] = 0xFFFFFFFF
    wide = struct.pack("<HHQQQ", 1, 24, plain, packed_size, local)
    entry[13] = len(wide)
    name_end = at + 46 + entry[12]
    end = data.index(b"PK\5\6")
    fields = list(struct.unpack_from("<4s4H2LH", data, end))
    line = struct.pack("<4s4B4HL2L5H2L", *entry) + bytes(data[at + 46 : name_end]) + wide
    fields[5] = len(line)

    assert read(bytes(data[:at]) + line + struct.pack("<4s4H2LH", *fields)) == {"a": b"text"}


@pytest.mark.parametrize("data", [b"", b"PK\3\4" + bytes(90), b"PK\5\6", b"PK\5\6" + b"\xff" * 18])
def test_what_has_no_directory_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenContainer):
        directory(data)


def test_an_encrypted_member_and_one_of_an_unknown_method_are_broken() -> None:
    (entry,) = directory(packed({"a": b"text"}))
    for flags, method in ((1, 8), (0, 99)):
        other = Entry("a", method, flags, entry.packed, entry.at)
        with pytest.raises(BrokenContainer):
            list(members(io.BytesIO(packed({"a": b"text"})), other, meter()))


@pytest.mark.parametrize("method", METHODS)
def test_what_comes_out_is_paid_for(method: str) -> None:
    data = packed({"a": bytes(5000)}, METHODS[method])
    (entry,) = directory(data)

    found, error = listed(members(io.BytesIO(data), entry, meter(1000)))

    assert error == "OverBudget"
    assert sum(len(member.data) for member in found) <= 1000


def test_members_are_paid_for_before_they_are_listed() -> None:
    with pytest.raises(OverBudget):
        directory(packed(FILES), meter(most_members=2))
