from __future__ import annotations

import io
import sqlite3

import pytest

from containing import listed, meter
from detectors.containers.sqlite import MAGIC, column_names, members


def made(*statements: str, page: int = 4096, encoding: str = "UTF-8") -> bytes:
    db = sqlite3.connect(":memory:")
    db.execute(f"PRAGMA page_size = {page}")
    db.execute(f"PRAGMA encoding = '{encoding}'")
    for statement in statements:
        db.execute(statement)
    db.commit()
    data = db.serialize()
    db.close()
    return data


def read(data: bytes, most_bytes: int = 1 << 26) -> tuple[dict[str, list[bytes]], str]:
    found, error = listed(members(io.BytesIO(data), meter(most_bytes)))
    return {member.name: member.data.split(b"\n") for member in found}, error


ROWS = (
    "CREATE TABLE setting (name TEXT, value TEXT, count INTEGER)",
    "INSERT INTO setting VALUES ('api_key', 'Wq7rT2mK', 7), ('empty', '', NULL), ('raw', x'616263', 1.5)",
)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("page", [512, 4096, 65536])
def test_each_row_is_lines_in_every_encoding_and_size_of_page(encoding: str, page: int) -> None:
    data = made(*ROWS, page=page, encoding=encoding)

    assert data.startswith(MAGIC)
    tables, error = read(data)
    assert error == ""
    assert {b'name = "api_key"', b'value = "Wq7rT2mK"', b'api_key = "Wq7rT2mK"'} <= set(tables["setting"])
    assert b'value = "abc"' in tables["setting"]


def test_a_table_of_its_own_each_and_no_views_or_indices() -> None:
    data = made(*ROWS, "CREATE TABLE other (a)", "INSERT INTO other VALUES ('x')", "CREATE INDEX i ON setting (name)",
                "CREATE VIEW v AS SELECT name FROM setting")  # fmt: skip

    assert sorted(read(data)[0]) == ["other", "setting"]


def test_a_cell_over_many_pages() -> None:
    data = made("CREATE TABLE t (a)", f"INSERT INTO t VALUES ('{'Wq7r' * 9000}')", page=512)

    assert read(data) == ({"t": [b"Wq7r" * 9000]}, "")


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (b"CREATE TABLE t (a, b TEXT)", [b"a", b"b"]),
        (
            b'CREATE TABLE t ("a b" INT, `c` DECIMAL(10, 2), [d e] TEXT, PRIMARY KEY (c, "a b"))',
            [b"a b", b"c", b"d e"],
        ),
        (
            b"CREATE TABLE t (id INTEGER CHECK (id > 0 AND id < 9), v TEXT, UNIQUE(v), constraint x check (v))",
            [b"id", b"v"],
        ),
        (b"(((((", []),
    ],
)
def test_the_columns_of_a_statement(sql: bytes, names: list[bytes]) -> None:
    assert [name for name in column_names(sql) if name] == names


@pytest.mark.parametrize("head", [b"", MAGIC, MAGIC + bytes(84), MAGIC + b"\x10\x01" + bytes(4200)])
def test_a_head_that_is_none_is_broken(head: bytes) -> None:
    assert read(head) == ({}, "BrokenContainer")


def test_a_cut_file_gives_what_came_before() -> None:
    data = made(
        "CREATE TABLE t (a)", *(f"INSERT INTO t VALUES ('row {n} {'x' * 90}')" for n in range(400)), page=512
    )

    tables, error = read(data[: len(data) // 2])

    assert error == "BrokenContainer"
    assert all(line.startswith(b'a = "row') for line in tables.get("t", []) if line)


def test_rows_are_paid_for_even_where_they_are_empty() -> None:
    data = made("CREATE TABLE t (a)", *("INSERT INTO t VALUES (NULL)" for _ in range(2000)))

    assert read(data, most_bytes=100_000)[1] == "OverBudget"
