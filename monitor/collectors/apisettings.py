"""What the settings of most APIs have in common: an address, and a secret that stands in the configuration or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from monitor.collectors.base import SourceSettings


def _address(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("an http or https URL is expected")
    return value.rstrip("/")  # some answer 404 to paths with a slash too many


Address = Annotated[str, AfterValidator(_address)]


def read_secret(given: SecretStr | None, file: Path | None, what: str = "token") -> str:
    """The secret, "" without one; `what` it is called. Raises OSError; ValueError when the file is empty."""
    if file is None:
        return given.get_secret_value() if given else ""
    found = file.read_text(encoding="utf-8").strip()
    if not found:
        raise ValueError(f"{file}: no {what} in it")
    return found


class TokenSettings(SourceSettings):
    """A source that asks with a token, or without."""

    token: SecretStr | None = Field(None, description="a token; or token_file")
    token_file: Path | None = Field(None, description="a file that holds the token")

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise ValueError("give token or token_file, not both")
        return self

    def secret(self) -> str:
        """The token, "" without one. Reads `token_file`; raises OSError, ValueError when that is empty."""
        return read_secret(self.token, self.token_file)
