"""How far a replay has come, as it is kept in the store: who was stopped goes on there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Self

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.replay.reading import Span
from monitor.store import records

_NAME: Final = "replay"  # in `meta`


@dataclass(frozen=True, slots=True)
class Mark:
    """`watch` is the digest of the watch list that it looks with; `counts` what was found until now."""

    since: float
    begun_at: float
    watch: str
    rules: bool  # whether documents are scanned again
    spans: Sequence[Span]
    counts: Mapping[str, int] = field(default_factory=Counter)

    @property
    def left(self) -> int:
        """Records."""
        return sum(span.left for span in self.spans)

    def text(self) -> str:
        spans = [asdict(span) for span in self.spans]
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        return orjson.dumps({**known, "spans": spans, "counts": dict(self.counts)}).decode()

    @classmethod
    def read(cls, text: str) -> Self:
        known: dict[str, Any] = orjson.loads(text)
        known["spans"] = tuple(Span(**span) for span in known["spans"])
        known["counts"] = Counter(known["counts"])
        return cls(**known)


async def load(connection: AsyncConnection) -> Mark | None:
    """The replay that was not ended, None if there is none."""
    text = await records.get_meta(connection, _NAME)
    return Mark.read(text) if text else None


async def save(connection: AsyncConnection, mark: Mark) -> None:
    await records.set_meta(connection, _NAME, mark.text())


async def clear(connection: AsyncConnection) -> None:
    """It has ended."""
    await records.remove_metas(connection, [_NAME])
