from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containing import listed, meter
from detectors.containers.notebooks import members


def cells(notebook: Any, most_members: int = 100) -> list[tuple[str, bytes]]:
    found, error = listed(members(json.dumps(notebook).encode(), meter(most_members=most_members)))
    assert error == ""
    return [(member.name, member.data) for member in found]


def test_the_lines_of_a_cell_and_what_it_printed() -> None:
    outputs = [
        {"output_type": "stream", "text": ["key = 1\n", "done"]},
        {"output_type": "execute_result", "data": {"text/plain": "'two'", "image/png": "aGlk", "application/json": {"a": ["three"]}}},
        {"output_type": "error", "traceback": ["frame"]},
    ]  # fmt: skip
    notebook = {"cells": [{"source": "first"}, {"source": ["a = 1\n", "b"], "outputs": outputs}]}

    assert cells(notebook) == [
        ("cell 1", b"first"),
        ("cell 2", b"a = 1\nb\nkey = 1\ndone\n'two'\nthree\nframe"),
    ]


def test_the_old_form() -> None:
    notebook = {"worksheets": [{"cells": [{"input": ["a = 1\n", "b = 2"]}]}], "nbformat": 3}

    assert cells(notebook) == [("cell 1", b"a = 1\nb = 2")]


@pytest.mark.parametrize(
    "notebook", [[], 7, {"cells": 1}, {"cells": [1]}, {"worksheets": [None]}, {"cells": {}}]
)
def test_json_that_is_no_notebook_has_no_cells(notebook: Any) -> None:
    assert cells(notebook) == []


@pytest.mark.parametrize("text", [b"", b'{"cells": [', b"\xff"])
def test_what_is_no_json_is_broken(text: bytes) -> None:
    assert listed(members(text, meter())) == ([], "BrokenContainer")


def test_cells_are_paid_for_and_so_is_their_text() -> None:
    text = json.dumps({"cells": [{"source": "x" * 60}] * 3}).encode()

    assert [len(found) for found, error in (listed(members(text, meter(most_members=2))),) if error] == [2]
    assert [len(found) for found, error in (listed(members(text, meter(100))),) if error] == [1]


_JSON = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["source", "outputs", "text", "data", "image/png", "input"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(st.lists(_JSON, max_size=4))
def test_cells_of_any_shape_raise_nothing(shapes: list[Any]) -> None:
    cells({"cells": shapes})
