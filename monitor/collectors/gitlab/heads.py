"""Where every branch of a project stood when we looked last, kept over restarts.

`last_activity_at` stands still for an hour and commits carry any date their author likes: what is new in a project is what its
branches have that they had not. Names of branches are kept as digests only. Bounded: of strangers the 4,096 projects looked at
last, in 256 rows; watched projects have a row each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from monitor.collectors.base import SourceContext
from monitor.collectors.gitlab.api import commit_id
from monitor.collectors.shapes import obj

_ROWS: Final = 256
_PROJECTS: Final = 16  # of a row


@dataclass(frozen=True, slots=True)
class Heads:
    """`branches`: digest of a branch's name -> the commit it stood at; `at` = when (epoch seconds)."""

    at: float
    branches: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def commits(self) -> frozenset[str]:
        return frozenset(self.branches.values())


def branch_key(name: str) -> str:
    """16 hex that stand for a branch's name."""
    return hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8).hexdigest()


class HeadStore:
    """For one source. What is `put` is durable after `flush`."""

    def __init__(self) -> None:
        self._pending: dict[tuple[int, bool], Heads] = {}

    async def get(self, context: SourceContext, project: int, *, own: bool) -> Heads | None:
        """None for a project that was never looked at, or so long ago that it is forgotten."""
        pending = self._pending.get((project, own))
        if pending is not None:
            return pending
        return _revive((await self._row(context, _name(project, own=own))).get(str(project)))

    def put(self, project: int, heads: Heads, *, own: bool) -> None:
        self._pending[project, own] = heads

    def forget(self) -> None:
        """What was not saved."""
        self._pending.clear()

    async def flush(self, context: SourceContext) -> None:
        """Save. To be called when everything that these heads imply is durable."""
        rows: dict[str, dict[str, Heads]] = {}
        for (project, own), heads in self._pending.items():
            rows.setdefault(_name(project, own=own), {})[str(project)] = heads
        for name, changed in rows.items():
            row = await self._row(context, name)
            row.update({number: [heads.at, dict(heads.branches)] for number, heads in changed.items()})
            kept = sorted(row, key=lambda number: _at(row[number]), reverse=True)[:_PROJECTS]
            saved = orjson.dumps({number: row[number] for number in kept}).decode()
            await context.emit(cursor=saved, cursor_name=name)
        self._pending.clear()

    @staticmethod
    async def _row(context: SourceContext, name: str) -> dict[str, Any]:
        return obj(orjson.loads(await context.state.cursor(context.name, name) or "{}"))


def _name(project: int, *, own: bool) -> str:
    return f"heads/own/{project}" if own else f"heads/{project % _ROWS}"


def _at(plain: object) -> float:
    match plain:
        case [float(at) | int(at), *_]:
            return float(at)
        case _:
            return 0.0


def _revive(plain: object) -> Heads | None:
    match plain:
        case [float(at) | int(at), dict(branches)]:
            return Heads(float(at), {str(k): v for k, v in branches.items() if commit_id(v)})
        case _:
            return None
