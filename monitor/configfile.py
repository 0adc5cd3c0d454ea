"""Settings before they are judged: where a key stands in the file, what the environment adds, which secrets stand in the open."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel

ENV_PREFIX: Final = "LEAKSTREAM_"
_HEADER: Final = re.compile(r"^\s*\[{1,2}([^\[\]]+)\]{1,2}")
_KEY: Final = re.compile(r"^\s*([\w.\"'-]+)\s*=")


class Where:
    """The file: its folder, and the line of a key, so that a message can name it."""

    def __init__(self, path: Path | None, text: str, folder: Path) -> None:
        self.folder = folder  # that relative paths begin in
        self._path = path
        self._lines = text.split("\n")

    def message(self, keys: tuple[str, ...], reason: str) -> str:
        name = ".".join(keys)
        if self._path is None:
            return f"configuration: {name}: {reason}"
        line = self._line(keys)
        if line is None:
            return f"{self._path}: {name}: {reason} (set by the environment, or missing)"
        return f"{self._path}:{line}: {name}: {reason}"

    def _line(self, keys: tuple[str, ...]) -> int | None:
        """The line of the longest part of `keys` that the file has."""
        table: tuple[str, ...] = ()
        best: tuple[int, int] | None = None
        for number, line in enumerate(self._lines, 1):
            if header := _HEADER.match(line):
                table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
                here = table
            elif pair := _KEY.match(line):
                here = (*table, *(part.strip("\"'") for part in pair[1].split(".")))
            else:
                continue
            if here == keys[: len(here)] and (best is None or len(here) > best[0]):
                best = (len(here), number)
        return best[1] if best else None


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """LEAKSTREAM_A__B=x as {"a": {"b": value}}. Values that are TOML (numbers, lists, booleans) are read as such."""
    tree: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(ENV_PREFIX) or name.startswith(f"{ENV_PREFIX}TEST_"):
            continue
        keys = name[len(ENV_PREFIX) :].lower().split("__")
        try:
            value = tomllib.loads(f"v = {text}")["v"]
        except tomllib.TOMLDecodeError:
            value = text
        merge(tree, _nested(keys, value))
    return tree


def _nested(keys: list[str], value: object) -> dict[str, Any]:
    return {keys[0]: value if len(keys) == 1 else _nested(keys[1:], value)}


def merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def inline_secrets(
    raw: Mapping[str, Any], models: Mapping[str, type[BaseModel]]
) -> Iterator[tuple[str, ...]]:
    """The keys of every secret that is written out. `models` are those of the sections and, by their own name, of the plugins."""
    for table in ("sources", "notifiers"):
        for name, values in _table(raw.get(table)).items():
            yield from _secrets(models.get(name), values, (table, name))
    for name, values in raw.items():
        yield from _secrets(models.get(name), values, (name,))


def _secrets(model: type[BaseModel] | None, values: object, at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if model is None:
        return
    for key, info in model.model_fields.items():
        for inner in _models_in(info.annotation):  # a list of tables
            for entry in _entries(_table(values).get(key)):
                yield from _secrets(inner, entry, (*at, key))
        if key in _table(values) and "SecretStr" in str(info.annotation):
            yield (*at, key)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """The tables that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _entries(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
