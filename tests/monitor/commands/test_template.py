"""The configuration that `init` writes follows the models."""

from __future__ import annotations

import tomllib

from pydantic import BaseModel, Field

from monitor import app, config
from monitor.commands import template


class Row(BaseModel):
    name: str
    rank: float = 1.5
    most: float | None = None


class Section(BaseModel):
    """What it is for.

    Not this.
    """

    rows: tuple[Row, ...] = (Row(name="a"), Row(name='b "quoted"', rank=2.5))
    names: tuple[str, ...] = Field((), description="some\nnames")
    needed: tuple[str, ...]
    shares: dict[str, float] = {"a": 0.5}
    tables: dict[str, Row]
    on: bool = True


def uncommented(text: str) -> str:
    """With every key and table in force; prose stays a comment."""
    lines = []
    for line in text.splitlines():
        body = line.removeprefix("# ") if line.startswith("# ") else line
        key = body.partition(" = ")[0]
        inside = body.startswith("  {") or body == "]"
        lines.append(body if inside or body.startswith("[") or (" = " in body and " " not in key) else line)
    return "\n".join(lines)


def test_every_kind_of_value_is_toml() -> None:
    text = template.render({"section": Section}, {}, {}, {})
    assert "# What it is for.\n[section]" in text
    assert "Not this" not in text
    assert tomllib.loads(text) == {"section": {}}
    section = tomllib.loads(uncommented(text))["section"]
    rows = [{"name": "a"}, {"name": 'b "quoted"', "rank": 2.5}]  # without what is at its default
    assert section == {
        "rows": rows,
        "names": [],
        "needed": ["…"],
        "tables": {},
        "shares": {"a": 0.5},
        "on": True,
    }


def test_what_is_chosen_is_in_force_and_the_rest_is_not() -> None:
    chosen = {
        "": {"external_url": "https://leaks.example"},
        "section": {"names": ["a"], "needed": ["b"]},
        "sources.one": {"on": False},
        "sources.two": {},
    }
    plugins = dict.fromkeys(("one", "two", "three"), ("what it is", Section))
    text = template.render({"section": Section}, {}, plugins, {}, chosen)
    assert tomllib.loads(text) == {
        "external_url": "https://leaks.example",
        "section": {"names": ["a"], "needed": ["b"]},
        "sources": {"one": {"on": False}, "two": {}},
    }
    assert 'names = ["a"]  # some names' in text


def test_every_key_of_the_program_stands_in_it() -> None:
    sources, notifiers = app.sources(), app.notifiers()
    text = template.render(
        config.SHARED,
        app.SECTIONS,
        {name: (plugin.summary, plugin.settings) for name, plugin in sources.items()},
        {name: (plugin.summary, plugin.settings) for name, plugin in notifiers.items()},
    )
    written = tomllib.loads(uncommented(text))
    for name, model in {**config.SHARED, **app.SECTIONS}.items():
        assert set(written[name]) == set(model.model_fields), name
    for kind, plugins in (("sources", sources), ("notifiers", notifiers)):
        for name, plugin in plugins.items():
            assert set(written[kind][name]) == set(plugin.settings.model_fields), name
