"""Where the work under way comes from: set once at the door, added to every entry of the access log that is made on the way."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Final

# a request to the console: role, how (he showed who he is), address, request; nothing for a command or the service itself
ORIGIN: Final[ContextVar[Mapping[str, str]]] = ContextVar("origin", default=MappingProxyType({}))
