from __future__ import annotations

import pytest

from detectors.containers.tables import lines


def rows(columns: list[bytes], cells: list[bytes]) -> list[bytes]:
    return list(lines(columns, cells))


def test_a_value_stands_beside_its_column_and_beside_the_cell_before() -> None:
    assert rows([b"name", b"value"], [b"api_key", b"Wq7rT2mK"]) == [
        b'name = "api_key"',
        b'value = "Wq7rT2mK"',
        b'api_key = "Wq7rT2mK"',
    ]


def test_more_cells_than_columns() -> None:
    assert rows([b"name"], [b"a", b"b"]) == [b'name = "a"', b'"b"', b'a = "b"']


def test_an_empty_cell_names_nothing_and_is_none() -> None:
    assert rows([], [b"key", b"", b"Wq7r"]) == [b'"key"', b'"Wq7r"']


@pytest.mark.parametrize("cell", [b"two\nlines", b"x" * 5000])
def test_a_long_cell_stands_as_it_is(cell: bytes) -> None:
    assert rows([b"a", b"b"], [b"note", cell]) == [b'a = "note"', cell]
    assert rows([b"a", b"b"], [cell, b"end"]) == [cell, b'b = "end"']


def test_a_sentence_names_nothing() -> None:
    sentence = b"a sentence " * 9

    assert rows([], [sentence, b"Wq7r"]) == [b'"' + sentence + b'"', b'"Wq7r"']
