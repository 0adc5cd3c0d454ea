"""From records to contract objects, with what cannot be read set apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from monitor.bus.base import DeadLetter, Record
from monitor.contracts import InvalidRecord

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Decoded(Generic[_T]):
    """`items` in the order of the records; every record is in one of the two."""

    items: Sequence[tuple[Record, _T]] = field(repr=False)
    dead: Sequence[DeadLetter] = ()


def decode(read: Callable[[Record], _T], records: Sequence[Record]) -> Decoded[_T]:
    """`read` is a contract's, as in `decode(Document.read, records)`. Raises UpgradeNeeded."""
    items: list[tuple[Record, _T]] = []
    dead: list[DeadLetter] = []
    for record in records:
        try:
            items.append((record, read(record)))
        except InvalidRecord as error:
            dead.append(DeadLetter(record, error.reason))
    return Decoded(items, dead)
