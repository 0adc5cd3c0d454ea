"""`[store]`: where exposures are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from sqlalchemy.engine import URL, make_url

from monitor.config import Section
from monitor.store.dialect import database_url
from monitor.store.postgres import PARAMETERS, SCHEMES, SSL_MODES

FILE_NAME: Final = "store.db"
COLLECTORS_FILE_NAME: Final = "collectors.db"


class StoreSettings(Section):
    """The store: the file store.db in the state folder, or a PostgreSQL database."""

    url: str = Field("", description="postgresql://user@host/database; without a password in it")
    url_file: Path | None = Field(None, description="a file that holds the URL, its password within")
    password: SecretStr | None = Field(None, description="or password_file")
    password_file: Path | None = Field(None, description="a file that holds the password")
    collectors: bool = Field(
        default=False,
        description="with PostgreSQL: collectors keep their memory there too, so that those of several hosts share it",
    )

    @field_validator("url")
    @classmethod
    def _bare(cls, value: str) -> str:
        if value and _usable(value):
            raise ValueError(
                "it holds a password; give that as password, password_file, or all of it as url_file"
            )
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.url and self.url_file:
            raise ValueError("give url or url_file, not both")
        if self.password is not None and self.password_file is not None:
            raise ValueError("give password or password_file, not both")
        named = bool(self.url or self.url_file)
        for name in ("password", "password_file", "collectors"):
            if getattr(self, name) and not named:
                raise ValueError(f"{name} is of no use without url; set url, or leave {name} out")
        return self

    @property
    def is_file(self) -> bool:
        """Whether it is the file in the state folder."""
        return not (self.url or self.url_file)

    def file(self, state: Path) -> Path:
        """Where the store is, or would be, without a URL."""
        return state / FILE_NAME

    def place(self, state: Path) -> URL:
        """The database, its password within (a URL's text hides it). Blocks. Raises OSError, ValueError that quote nothing secret."""
        if self.is_file:
            return database_url(self.file(state))
        text = self.url
        if self.url_file is not None:
            text = _content(self.url_file)
            if _usable(text) and (self.password is not None or self.password_file is not None):
                raise ValueError(f"{self.url_file} holds a password; leave out password and password_file")
        url = database_url(make_url(text))
        if self.password is not None:
            return url.set(password=self.password.get_secret_value())
        if self.password_file is not None:
            return url.set(password=_content(self.password_file))
        return url

    def collectors_place(self, state: Path) -> URL:
        """As `place`, of what collectors remember."""
        return self.place(state) if self.collectors else database_url(state / COLLECTORS_FILE_NAME)


def _usable(text: str) -> bool:
    """Whether a password is in the URL. Raises ValueError, which quotes nothing of it, when no store can be reached with it."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("it is no URL; one looks so: postgresql://user@host:5432/database") from None
    if parts.scheme not in SCHEMES or port == 0 or parts.fragment or not parts.path.strip("/"):
        raise ValueError("it is no URL of a PostgreSQL database: postgresql://user@host:5432/database")
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    secret = parts.password is not None or "password" in parameters
    for name in parameters.keys() - {"password"}:
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            raise ValueError(f"the URL's parameter {name!r} is none that is known here; there are {known}")
    if (mode := parameters.get("sslmode", SSL_MODES[0])) not in SSL_MODES:
        raise ValueError(f"sslmode = {mode!r} is not known; there are {', '.join(SSL_MODES)}")
    if not parameters.get("port", "1").isdigit():
        raise ValueError("the URL's parameter port is no number")
    return secret


def _content(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    if not text:
        raise ValueError(f"{path} is empty")
    return text
