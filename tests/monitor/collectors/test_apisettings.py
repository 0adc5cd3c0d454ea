from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.collectors.apisettings import Address, TokenSettings


class Settings(TokenSettings):
    base_url: Address


def made(**values: object) -> Settings:
    return Settings.model_validate({"base_url": "https://api.example/v1/", **values})


def test_an_address_has_no_slash_at_its_end_and_is_one() -> None:
    assert made().base_url == "https://api.example/v1"
    with pytest.raises(ValidationError, match="http or https"):
        made(base_url="ftp://api.example")


def test_a_token_stands_in_one_place(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(" abc\n")
    assert made().secret() == ""
    assert made(token="abc").secret() == "abc"
    assert made(token_file=file).secret() == "abc"
    with pytest.raises(ValidationError, match="not both"):
        made(token="abc", token_file=file)


def test_an_empty_file_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ValueError, match="token: no token in it"):
        made(token_file=tmp_path / "token").secret()
    with pytest.raises(FileNotFoundError):
        made(token_file=tmp_path / "none").secret()
