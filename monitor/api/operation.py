"""One operation of the API as data: what serves it and what describes it are made of the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from monitor.web import Role

BASE: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Asked:
    """One call, checked: `query` and `body` are of the operation's models, None where it has none. `match`: the ETag of If-Match, "" without."""

    who: str
    role: Role
    path: Mapping[str, str]
    query: Any = None
    body: Any = None
    match: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """`etag` "" = none is given."""

    body: BaseModel
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """`role` None: it has credentials of its own (ingest), and is served elsewhere. `errors`: statuses beside those that every operation
    may give.
    """

    name: str
    method: str
    path: str
    tag: str
    summary: str
    role: Role | None
    answer: type[BaseModel] | None
    handler: Callable[[Asked], Awaitable[Answered]] | None = None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None  # may be left out where none of its fields is needed
    matches: bool = False  # takes If-Match
    tagged: bool = False  # gives an ETag
    errors: Mapping[int, str] = field(default_factory=dict)
    raw: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # media type -> schema of a body that is no model
    security: tuple[str, ...] = ()
    status: int = 200

    @property
    def needs_body(self) -> bool:
        return self.body is not None and any(each.is_required() for each in self.body.model_fields.values())

    @property
    def changes(self) -> bool:
        return self.method != "GET"
