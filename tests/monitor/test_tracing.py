from __future__ import annotations

import pytest

from monitor.contracts import Document
from monitor.tracing import exemplar, fit, new_trace_id


def test_each_is_another_and_fit_to_be_told() -> None:
    made = {new_trace_id() for _ in range(100)}
    assert len(made) == 100
    assert all(len(each) == 32 and fit(each) == each for each in made)


@pytest.mark.parametrize("foreign", ["", "a b", "x" * 65, "a\nb", 'a"b', "ä", "beside:" + "rule/x," * 20])
def test_what_is_no_word_goes_nowhere(foreign: str) -> None:
    """An exemplar of more than 128 characters would raise, a column of 64 refuse the row."""
    assert fit(foreign) == ""
    assert exemplar(foreign) is None


def test_the_self_tests_names_are_fit() -> None:
    assert fit("rule/github-pat-classic") == "rule/github-pat-classic"


def test_without_one_a_document_says_nothing() -> None:
    assert exemplar(Document(source="s", id="1", content=b"", fetched_at=0.0).trace_id) is None
