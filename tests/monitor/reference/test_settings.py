from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from monitor import app, config
from monitor.reference import settings

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "config.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == settings.page(), "run `python -m monitor.reference docs`"


def test_every_table_has_its_heading() -> None:
    tables = [*config.SHARED, *app.SECTIONS]
    tables += [f"sources.{name}" for name in app.sources()] + [
        f"notifiers.{name}" for name in app.notifiers()
    ]
    headings = set(re.findall(r"^#+ `\[(.+)\]`$", settings.page(), re.MULTILINE))
    assert set(tables) <= headings


class Inner(BaseModel):
    name: str


class Model(BaseModel):
    count: int = Field(3, ge=1, le=9)
    word: Literal["a", "b"] | None = None
    secret: SecretStr | None = None
    names: tuple[str, ...] = Field((), min_length=1)
    inner: tuple[Inner, ...] = ()
    needed: str


@pytest.mark.parametrize(
    ("name", "kind", "default"),
    [
        ("count", "whole number (at least 1, at most 9)", "`3`"),
        ("word", '`"a"`, `"b"`', "none"),
        ("secret", "secret", "none"),
        ("names", "list of texts (at least 1 of them)", "`[]`"),
        ("needed", "text", "required"),
    ],
)
def test_what_a_key_takes_and_is(name: str, kind: str, default: str) -> None:
    info = Model.model_fields[name]
    assert (settings.takes(info), settings.default(info)) == (kind, default)


def test_a_list_of_tables_has_a_table_of_its_own_and_no_name_in_the_environment() -> None:
    whole, inner = settings._section(("x",), Model, level=2)
    assert "`LEAKSTREAM_X__COUNT`" in whole
    assert "| `inner` |" not in whole
    assert inner.startswith("### `[[x.inner]]`")
    assert "LEAKSTREAM" not in inner


def test_every_key_says_what_it_is() -> None:
    silent = [
        line for line in settings.page().splitlines() if line.startswith("| `") and line.endswith("|  |")
    ]
    assert silent == []
