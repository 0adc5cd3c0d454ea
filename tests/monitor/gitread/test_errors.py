from __future__ import annotations

import pytest

from monitor.gitread import GitError
from monitor.gitread.errors import REASONS


def test_the_text_hides_credentials_and_control_characters() -> None:
    error = GitError("unreachable", "no https://user:hunter2@host/x \x1b[31m\n")

    assert str(error) == "unreachable: no https://***@host/x ?[31m?"
    assert error.reason == "unreachable"


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_reasons_are_fit_for_a_label(reason: str) -> None:
    assert str(GitError(reason)) == reason
    assert reason.replace("_", "").isalpha()


def test_a_reason_outside_of_the_set_is_a_programming_error() -> None:
    with pytest.raises(AssertionError):
        GitError("whatever")
