"""docs/reference/config.md, from the settings models: what each key means, takes and is without being set."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

import orjson
from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from monitor import app, config
from monitor.configfile import ENV_PREFIX
from monitor.reference.tables import code, table

_HEAD: Final = """\
# Configuration: every key

For looking up a key of `leakstream.toml`: what it says, takes, and is when you leave it out. `leakstream init` writes a file to begin with,
`leakstream config check` reads yours as a start does, and `leakstream config show` prints what is in force.

Made from the code by `python -m monitor.reference docs`; a test compares the two.

- A key may stand in the file or in the environment; the environment wins. `LEAKSTREAM_BUS__KIND=kafka` is `kind` of `[bus]`: two underscores
  go one level down. Values are read as TOML where they are TOML (`8686`, `true`, `["a", "b"]`), else as text. Tables in a list
  (`[[…]]`) are set as a whole.
- An unknown key stops the start, with file, line and the keys that are known.
- A secret has two forms: `token = "…"`, refused in a file that others can read, and `token_file = "…"`, a file with nothing else in it.
- A relative path begins at the folder of the file.
- `required` has no default: the table does not load without it.

## Top level

These stand before the first table.

"""
_TOP: Final = (
    ("state", "path", '`"leakstream-state"`', "The folder in which everything is kept."),
    (
        "key_file",
        "path",
        "beside `state`: `leakstream-state.key`",
        "The fingerprint key. Never inside the state folder.",
    ),
    (
        "external_url",
        "text",
        '`""`',
        "How people reach the console, as `https://leaks.example.com`; where links in messages begin. Needed with any notifier but `log`.",
    ),
)
_PLAIN: Final = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
    datetime: "time",
}


def page() -> str:
    """The whole page. Imports every source and notifier."""
    top = (((code(name), kind, default, _env((name,)), text)) for name, kind, default, text in _TOP)
    parts = [_HEAD + table(_COLUMNS, top)]
    for name, model in {**config.SHARED, **app.SECTIONS}.items():
        parts += _section((name,), model, level=2)
    parts.append(
        "## Sources\n\nA source runs when its table is there, empty or not. What each sees: [sources/](sources/).\n"
    )
    for name, plugin in app.sources().items():
        parts += _section(("sources", name), plugin.settings, level=3, says=plugin.summary)
    parts.append(
        "## Notifiers\n\nA notifier runs when its table is there. How they tell: [notifying.md](../how-to/notifying.md).\n"
    )
    for name, notifier in app.notifiers().items():
        parts += _section(("notifiers", name), notifier.settings, level=3, says=notifier.summary)
    return "\n".join(parts)


_COLUMNS: Final = ("key", "takes", "default", "environment", "says")


def _section(
    path: tuple[str, ...], model: type[BaseModel], *, level: int, says: str = "", listed: bool = False
) -> Iterator[str]:
    """The table of one model, then those of the models within it. `listed`: it stands in a list, or under names of yours."""
    name = ".".join(path)
    title = f"[[{name}]]" if listed else f"[{name}]"
    rows = [
        (code(key), takes(info), default(info), "" if listed else _env((*path, key)), info.description or "")
        for key, info in model.model_fields.items()
        if _inner(info) is None
    ]
    doc = says or " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())
    doc = doc.removeprefix(f"{title}: ")
    yield f"{'#' * level} `{title}`\n\n" + (f"{doc}\n\n" if doc else "") + table(_COLUMNS, rows)
    for key, info in model.model_fields.items():
        if inner := _inner(info):
            yield from _section((*path, key), inner[0], level=min(level + 1, 4), listed=listed or inner[1])


def _inner(info: FieldInfo) -> tuple[type[BaseModel], bool] | None:
    """The model that a field's tables are of, and whether there may be several; None = the field is a plain value."""
    annotation = _bare(info.annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part, True
    return None


def takes(info: FieldInfo) -> str:
    """What may be written, in words."""
    return _kind(info.annotation) + _bounds(info)


def _kind(annotation: Any) -> str:
    annotation = _bare(annotation)
    origin, inside = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        kind = _PLAIN[annotation]
    elif origin is Literal:
        kind = ", ".join(code(_toml(value)) for value in inside)
    elif origin in (tuple, list, frozenset):
        kind = f"list of {_many(_kind(inside[0]))}"
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        kind = f"{_many(_kind(inside[1]))} by name"
    elif origin in (Union, types.UnionType):
        kind = " or ".join(dict.fromkeys(_kind(part) for part in inside))
    else:  # an enumeration of texts
        kind = ", ".join(code(_toml(str(value))) for value in getattr(annotation, "__members__", {}).values())
    return kind


def _bare(annotation: Any) -> Any:
    """Without "or None" and without what only validates."""
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = annotation.__origin__
        elif get_origin(annotation) in (Union, types.UnionType):
            rest = [part for part in get_args(annotation) if part is not type(None)]
            if len(rest) != 1:
                return annotation
            annotation = rest[0]
        else:
            return annotation


def _many(kind: str) -> str:
    return {"text": "texts", "path": "paths", "number": "numbers", "whole number": "whole numbers"}.get(
        kind, kind
    )


def _bounds(info: FieldInfo) -> str:
    words = []
    for each in info.metadata:
        match each:
            case Ge(ge=least):
                words.append(f"at least {least}")
            case Gt(gt=least):
                words.append(f"more than {least}")
            case Le(le=most):
                words.append(f"at most {most}")
            case Lt(lt=most):
                words.append(f"less than {most}")
            case MinLen(min_length=count):
                words.append(
                    f"at least {count} long"
                    if _kind(info.annotation) == "text"
                    else f"at least {count} of them"
                )
    return f" ({', '.join(words)})" if words else ""


def default(info: FieldInfo) -> str:
    """As TOML writes it; `required`, or `none` where nothing stands for it."""
    value: Any = info.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    return "none" if value is None else code(_toml(value))


def _toml(value: Any) -> str:
    if isinstance(value, tuple | list | frozenset):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return orjson.dumps(value, default=str).decode()


def _env(path: tuple[str, ...]) -> str:
    return code(ENV_PREFIX + "__".join(path).upper())
