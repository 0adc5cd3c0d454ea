from __future__ import annotations

import io
import tarfile

import pytest

from containing import listed, meter
from detectors.containers.tars import is_tar, members

FORMATS = {"gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT, "ustar": tarfile.USTAR_FORMAT}


def packed(files: dict[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def read(data: bytes, most_members: int = 100) -> tuple[list[tuple[str, bytes]], str]:
    found, error = listed(members(io.BytesIO(data).read, meter(most_members=most_members)))
    return [(member.name, member.data) for member in found], error


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_is_told_and_read(form: str) -> None:
    files = {"short": b"abc", "folder/" + "x" * 80: b"y" * 513}
    data = packed(files, FORMATS[form])

    assert is_tar(data[:512])
    assert read(data) == (list(files.items()), "")


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_long_name_is_of_the_next_member_only(form: str) -> None:
    files = {"x" * 150 + "/é": b"abc", "b": b"def"}

    assert read(packed(files, FORMATS[form])) == (list(files.items()), "")


def test_links_and_folders_are_no_members() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("entry")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)

    assert read(out.getvalue()) == ([], "")


def test_an_old_header_is_known_by_its_sum_alone() -> None:
    data = bytearray(packed({"a": b"abc"}))
    data[257:265] = bytes(8)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])

    assert read(bytes(data)) == ([("a", b"abc")], "")
    data[0:1] = b"b"
    assert read(bytes(data)) == ([], "BrokenContainer")


def test_a_size_in_base_256_and_one_that_is_none() -> None:
    data = bytearray(packed({"a": b"abc"}))
    data[124:136] = b"\x80" + bytes(10) + b"\3"
    assert read(bytes(data)) == ([("a", b"abc")], "")

    data[124:136] = b"no number  \0"
    assert read(bytes(data)) == ([], "BrokenContainer")


def test_a_cut_archive_gives_what_came_before() -> None:
    data = packed({"a": b"first", "b": b"x" * 5000})

    assert read(data[:3000]) == ([("a", b"first"), ("b", b"x" * 1464)], "BrokenContainer")


def test_more_members_than_the_budget_has() -> None:
    assert read(packed({"a": b"1", "b": b"2"}), most_members=1) == ([("a", b"1")], "OverBudget")
