"""Containers: what is in them comes out within the budget; what is broken raises one of two errors, never anything else."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import sqlite3
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containing import listed, meter, packed
from detectors.containers import BrokenContainer, Member, Meter, OverBudget, kind_of, members
from detectors.containers.base import OVERLAP, PART
from detectors.synthetic_encodings import ENCODERS

TEXT = b'db_password = "Wq7rT2mK9xLp4v"\nname = "someone"\n'
CONTAINERS = [
    name for name in ENCODERS
    if name.startswith(("gzip", "bzip2", "xz", "zip", "tar", "docx", "pptx", "xlsx", "sqlite"))
]  # fmt: skip


def read(data: bytes, limit: Meter | None = None) -> tuple[list[Member], str]:
    """The members of a container of any kind, and the name of the error that ended them."""
    kind = "notebook" if data.startswith(b"{") else kind_of(data[:512])
    return listed(members(kind, io.BytesIO(data), limit or meter()))


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_values_stand_in_a_member(name: str) -> None:
    found, error = read(ENCODERS[name](TEXT))

    assert error == ""
    if name != "zip-in-zip":
        assert any(b"Wq7rT2mK9xLp4v" in member.data for member in found)


@pytest.mark.parametrize("name", [*CONTAINERS, "notebook-source"])
@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_container_raises_nothing_else(name: str, data: st.DataObject) -> None:
    whole = bytearray(ENCODERS[name](TEXT))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])

    if kind_of(cut[:512]) or cut.startswith(b"{"):
        read(cut)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zip", "tar", "sqlite", "notebook"])
@given(tail=st.binary(max_size=700))
@settings(max_examples=60)
def test_any_bytes_as_any_kind(kind: str, tail: bytes) -> None:
    try:
        for _ in members(kind, io.BytesIO(tail), meter(1 << 20)):
            pass
    except (BrokenContainer, OverBudget):
        pass


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: packed({"a": data})]
)
def test_a_bomb_costs_the_budget_and_no_more(pack) -> None:
    found, error = read(pack(b"\0" * (20 << 20)), meter(1 << 20))

    assert error == "OverBudget"
    assert sum(len(member.data) for member in found) <= 1 << 20


def test_archives_that_share_their_bytes_pay_for_each_member() -> None:
    data = bytearray(packed({"a": b"\0" * 100_000}))
    start = data.rindex(b"PK\1\2")
    entry, end = bytes(data[start : data.rindex(b"PK\5\6")]), bytes(data[data.rindex(b"PK\5\6") :])
    fields = list(struct.unpack("<4s4H2LH", end[:22]))
    fields[5] = 500 * len(entry)
    bomb = bytes(data[:start]) + 500 * entry + struct.pack("<4s4H2LH", *fields)

    found, error = read(bomb, meter(1 << 20))

    assert error == "OverBudget"
    assert sum(len(member.data) for member in found) <= 1 << 20


def test_more_members_than_the_budget_has() -> None:
    files = {f"{n}": b"text" for n in range(30)}

    found, error = read(packed(files), meter(most_members=10))

    assert (len(found), error) == (10, "OverBudget")


def test_a_large_member_comes_in_parts_that_overlap() -> None:
    data = random.Random(1).randbytes(1000) * (PART // 1000 + 500)

    first, second = read(gzip.compress(data, 1))[0]

    assert first.data + second.data[OVERLAP:] == data
    assert second.data[:OVERLAP] == first.data[-OVERLAP:]


def test_what_came_before_the_end_of_a_cut_stream_is_kept() -> None:
    noise = random.Random(2).randbytes(100_000)

    found, error = read(gzip.compress(TEXT + noise)[:50_000])

    assert error == "BrokenContainer"
    assert found[0].data.startswith(TEXT)


def test_an_encrypted_member_hides_no_other() -> None:
    data = bytearray(packed({"a": b"first", "b": b"second"}))
    at = data.index(b"PK\1\2")
    data[at + 8] |= 1  # the flag of encryption

    found, error = read(bytes(data))

    assert ([member.name for member in found], error) == (["b"], "BrokenContainer")


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
def test_the_rows_of_many_pages_with_long_cells(encoding: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute(f"PRAGMA encoding = '{encoding}'")
    db.execute(
        'CREATE TABLE t (id INTEGER PRIMARY KEY, "user name" TEXT NOT NULL, note VARCHAR(10), CHECK (id > 0))'
    )
    db.executemany("INSERT INTO t VALUES (?, ?, ?)", ((n, f"user{n}", "x" * (n * 7)) for n in range(1, 2000)))
    db.execute("CREATE TABLE w (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")
    db.executemany("INSERT INTO w VALUES (?, ?)", ((f"key{n}", f"value{n}") for n in range(500)))
    db.commit()

    found, error = read(db.serialize())

    assert error == ""
    lines = {line for member in found for line in member.data.split(b"\n")}
    for n in range(1, 2000):
        assert b'user name = "user%d"' % n in lines
    assert b"x" * (1999 * 7) in lines
    assert b'key499 = "value499"' in lines
    db.close()


def test_pages_that_point_at_each_other_end() -> None:
    data = bytearray(ENCODERS["sqlite-rows"](TEXT))
    size = int.from_bytes(data[16:18], "big")
    inner = struct.pack(">BHHHBL", 5, 0, 1, 100, 0, 2) + struct.pack(">H", 100)
    data[size : size + len(inner)] = inner
    data[size + 100 : size + 105] = struct.pack(">LB", 2, 1)

    found, error = read(bytes(data))

    assert (found, error) == ([], "")


def test_a_row_that_claims_to_be_long_is_paid_for_before_it_is_read() -> None:
    data = bytearray(ENCODERS["sqlite-rows"](TEXT))
    size = int.from_bytes(data[16:18], "big")
    cell = int.from_bytes(data[size + 8 : size + 10], "big")
    data[size + cell : size + cell + 9] = b"\xff" * 9

    assert read(bytes(data), meter(1 << 20))[1] == "OverBudget"


def test_hostile_markup_is_read_in_linear_time() -> None:
    """Each opening tag without an end would be a search to the end of the text."""
    for junk in (b"<w:t ", b"<w:t><w:t ", b"<c ", b"<si><t "):
        for name in ("word/document.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
            read(packed({"[Content_Types].xml": b"", name: junk * 200_000}))
