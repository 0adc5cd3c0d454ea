from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.collectors.gitlab.settings import GitLabSettings


def test_the_token_comes_from_a_file_or_the_setting_but_not_from_both(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("  not-a-token\n")
    assert GitLabSettings(token_file=file).secret() == "not-a-token"
    assert GitLabSettings().secret() == ""
    assert "not-a" not in repr(GitLabSettings.model_validate({"token": "not-a-token"}))
    with pytest.raises(ValidationError):
        GitLabSettings.model_validate({"token": "x", "token_file": file})
    file.write_text("\n")
    with pytest.raises(ValueError, match="no token in it"):
        GitLabSettings(token_file=file).secret()


@pytest.mark.parametrize(
    "wrong",
    [
        {"poll_seconds": 5},
        {"watched_seconds": 1},
        {"requests_per_minute": 2_000},
        {"base_url": "gitlab.com"},
        {"read": []},
        {"read": ["everything"]},
        {"unknown": 1},
    ],
)
def test_impolite_or_unknown_settings_stop_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GitLabSettings.model_validate(wrong)


def test_a_slash_too_many_is_taken_off() -> None:
    assert (
        GitLabSettings(base_url="https://git.example.com/api/v4/").base_url
        == "https://git.example.com/api/v4"
    )
