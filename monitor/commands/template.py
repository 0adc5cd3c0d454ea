"""The commented configuration that `leakstream init` writes: made from the models, so that it can never lag behind them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, get_origin

import orjson
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

_HEAD = """\
# leakstream configuration. Everything here is optional and commented out at its default.
# Any key can also be set by the environment: LEAKSTREAM_BUS__PREFIX, LEAKSTREAM_SOURCES__PASTEBIN__POLL_SECONDS …
# Secrets have a `_file` form; an inline secret needs this file to be readable by you alone (chmod 600).

# Where everything is kept (relative to this file). The fingerprint key is kept beside it, never inside.
# state = "leakstream-state"
# key_file = "leakstream-state.key"

# How people reach the console from outside, as "https://leaks.example.com"; links in notifications begin with it. Needed as soon
# as a notifier but `log` is on.
{external_url}
"""

Chosen = Mapping[str, Mapping[str, object]]  # table -> key -> value; "" is what stands before the first table


def render(
    shared: Mapping[str, type[BaseModel]],
    sections: Mapping[str, type[BaseModel]],
    sources: Mapping[str, tuple[str, type[BaseModel]]],
    notifiers: Mapping[str, tuple[str, type[BaseModel]]],
    chosen: Chosen = MappingProxyType({}),
) -> str:
    """The whole file. `sources` and `notifiers` map a name to its one-line summary and its settings; what is `chosen` is in force, a source
    or notifier by its table alone.
    """
    address = chosen.get("", {}).get("external_url")
    said = '# external_url = ""' if address is None else f"external_url = {_toml(address)}"
    parts = [_HEAD.replace("{external_url}", said)]
    parts += [_section(name, model, chosen) for name, model in {**shared, **sections}.items()]
    parts.append(
        "# -- Sources: a source runs only when its table is here --------------------------------------------\n"
    )
    parts += [
        _plugin(f"sources.{name}", summary, model, chosen) for name, (summary, model) in sources.items()
    ]
    parts.append(
        "# -- Notifiers: likewise ---------------------------------------------------------------------------\n"
    )
    parts += [
        _plugin(f"notifiers.{name}", summary, model, chosen) for name, (summary, model) in notifiers.items()
    ]
    return "\n".join(parts)


def _section(name: str, model: type[BaseModel], chosen: Chosen) -> str:
    head = [f"# {line}" for line in _first_lines(model)]
    parts = ["\n".join([*head, f"[{name}]", *_fields(model, chosen.get(name, {}))]) + "\n"]
    parts += [
        _section(f"{name}.{key}", info.annotation, chosen)
        for key, info in model.model_fields.items()
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
    ]
    return "\n".join(parts)


def _plugin(name: str, summary: str, model: type[BaseModel], chosen: Chosen) -> str:
    table = f"[{name}]" if name in chosen else f"# [{name}]"
    return "\n".join([f"# {summary}", table, *_fields(model, chosen.get(name, {}))]) + "\n"


def _first_lines(model: type[BaseModel]) -> list[str]:
    return (model.__doc__ or "").strip().split("\n\n")[0].splitlines()


def _fields(model: type[BaseModel], chosen: Mapping[str, object]) -> list[str]:
    return [
        _field(name, info, chosen)
        for name, info in model.model_fields.items()
        if not (isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel))
    ]


def _field(name: str, info: FieldInfo, chosen: Mapping[str, object]) -> str:
    comment = f"  # {' '.join(info.description.split())}" if info.description else ""
    if name in chosen:
        return f"{name} = {_toml(chosen[name])}{comment}"
    return f"# {name} = {_value(info)}{comment}"


def _value(info: FieldInfo) -> str:
    default: Any = info.get_default(call_default_factory=True)
    if default is PydanticUndefined or default is None:
        needed: dict[Any, str] = {tuple: '["…"]', dict: "{}"}
        return needed.get(get_origin(info.annotation), '"…"')
    return _toml(default)


def _toml(value: object) -> str:
    """As TOML writes it; tables inline and without what is at its default, a list of tables one a line (the lines commented out, as the
    key is).
    """
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        said = [(key, inner) for key, inner in value if inner != fields[key].get_default()]
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in said) + " }"
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, tuple | frozenset):
        if any(isinstance(item, BaseModel) for item in value):
            return "[\n" + "".join(f"#   {_toml(item)},\n" for item in value) + "# ]"
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return orjson.dumps(value, default=str).decode()
