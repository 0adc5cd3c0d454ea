"""What JSON may hold for a dataclass: each field of the right type, nothing needed left out; unknown fields are allowed, and kept apart.

Judged by type alone, once a class: contracts are read for every record. The fields `content` and `extra` are never part of the JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints


def checked(cls: type, raw: object) -> dict[str, Any]:
    """`raw` itself. Raises TypeError unless it is an object with all that `cls` needs, each of the right type."""
    types, items, needed = _shape(cls)
    if type(raw) is not dict or (needed and not needed <= raw.keys()):
        raise TypeError("not an object, or not a whole one")
    for name, value in raw.items():
        allowed = types.get(name)
        if allowed is not None and type(value) not in allowed:
            raise TypeError(name)
    for name, item_type in items.items():
        if any(type(item) is not item_type for item in _items(raw.get(name, ()))):
            raise TypeError(name)
    return raw


def split(cls: type, raw: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what `cls` knows, what it does not). Raises what `checked` raises."""
    whole, known = checked(cls, raw), _shape(cls).types
    return (
        {name: value for name, value in whole.items() if name in known},
        {name: value for name, value in whole.items() if name not in known},
    )


def telling(contract: Any) -> dict[str, Any]:
    """The fields that differ from their defaults."""
    return {
        name: value
        for name, default in _defaults(contract.__class__)
        if (value := getattr(contract, name)) != default
    }


class _Shape(NamedTuple):
    """What JSON may hold for one class."""

    types: Mapping[str, tuple[type, ...]]  # of each field
    items: Mapping[str, type]  # of the items of lists and the values of objects, for fields that are one
    needed: frozenset[str]


@cache
def _shape(cls: type) -> _Shape:
    types: dict[str, tuple[type, ...]] = {}
    items: dict[str, type] = {}
    for name, hint in get_type_hints(cls).items():
        if name in {"extra", "content", "TOPIC", "VERSION"}:
            continue
        outer: list[type] = []
        for option in get_args(hint) if get_origin(hint) is UnionType else (hint,):
            origin = get_origin(option)
            if origin is tuple:
                outer.append(list)
                items[name] = _in_json(get_args(option)[0])
            elif origin is Mapping:
                outer.append(dict)
                items[name] = get_args(option)[1]
            elif option is float:
                outer += [float, int]
            elif issubclass(option, str):
                outer.append(str)
            elif is_dataclass(option):
                outer.append(dict)
            else:
                outer.append(option)
        types[name] = tuple(outer)
    without_default = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
    return _Shape(types, items, frozenset(without_default & types.keys()))


def _in_json(kind: type) -> type:
    return dict if is_dataclass(kind) else kind


@cache
def _defaults(cls: type) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, f.default) for f in fields(cls) if f.name not in {"content", "extra"})


def _items(value: Any) -> Any:
    return value.values() if type(value) is dict else value
