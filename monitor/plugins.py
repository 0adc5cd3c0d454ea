"""Discovery over a closed package: each module of it that has a `PLUGIN` is a plugin named like the module.

Used for sources and notifiers. Found is not enabled: the config decides. A module that cannot be imported fails loudly.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

_P = TypeVar("_P")


def discover(package: ModuleType, kind: type[_P], attribute: str = "PLUGIN") -> dict[str, _P]:
    """Module name -> its `attribute`, sorted by name. Raises TypeError when one is of another kind, ImportError as it comes."""
    found: dict[str, _P] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        plugin = getattr(module, attribute, None)
        if plugin is None:
            continue
        if not isinstance(plugin, kind):
            raise TypeError(f"{module.__name__}.{attribute} is not a {kind.__name__}")
        found[info.name] = plugin
    return found
