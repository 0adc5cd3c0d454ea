"""Seals: what the ledger held at the end of a day (UTC), signed, each seal naming the one before. Whoever keeps one can hold the past to it.

A seal covers the entries that were written since the seal before; a day without any has one as well, so that a missing seal is a
sign of something.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Final, Self

import orjson

from monitor.coverage.chain import GENESIS, LedgerBroken, canonical
from monitor.coverage.signing import Signer, is_signed
from monitor.shape import checked

DAY: Final = 86_400.0
_TAG: Final = b"leakstream coverage seal 1\0"


@dataclass(frozen=True, slots=True)
class Seal:
    """Digests as 64 hex, times as epoch seconds. `last` is `first` - 1 where nothing was written."""

    number: int  # from 1
    day: str  # the day that it seals, 2026-11-22 (one on demand: the day that it was made on)
    until: float  # nothing is written any more with a time before this one
    at: float  # when it was made
    first: int  # entries
    last: int
    root: str  # Merkle root over the hashes of these entries
    head: str  # hash of entry `last`, and so of all before it
    prev: str  # hash of the seal before
    key: str  # the public key of whoever signed it

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Signed:
    """A seal as it is stored and handed out: its body to the byte, and the signature."""

    body: str
    signature: bytes

    @classmethod
    def make(cls, seal: Seal, signer: Signer) -> Self:
        body = canonical(asdict(seal))
        return cls(body.decode(), signer.sign(_TAG, body))

    @property
    def hash(self) -> str:
        return hashlib.sha256(_TAG + self.body.encode()).hexdigest()

    def seal(self) -> Seal:
        """What it says, the signature checked against the key that it names. Raises LedgerBroken."""
        try:
            raw = orjson.loads(self.body)
            seal = Seal(**checked(Seal, raw))
        except (TypeError, ValueError) as error:
            raise LedgerBroken(f"a seal cannot be read: {self.body[:80]!r}") from error
        if set(raw) != {f.name for f in fields(Seal)} or seal.last < seal.first - 1:
            raise LedgerBroken(f"a seal cannot be read: {self.body[:80]!r}")
        if not is_signed(seal.key, _TAG, self.body.encode(), self.signature):
            raise LedgerBroken(
                f"seal {seal.number} of {seal.day}: its signature is not that of key {seal.key}"
            )
        return seal


FIRST_PREV: Final = GENESIS.hex()  # of the first seal


def in_order(seals: Iterable[Signed]) -> list[Seal]:
    """What they say, from the first that is given. Raises LedgerBroken when one is not signed or does not continue the one before."""
    found: list[Seal] = []
    prev = ""
    for signed in seals:
        seal = signed.seal()
        if found and (seal.number != found[-1].number + 1 or seal.first != found[-1].last + 1):
            raise LedgerBroken(
                f"seal {found[-1].number + 1} is missing, or does not begin where the one before ends"
            )
        if (found and seal.prev != prev) or (not found and seal.number == 1 and seal.prev != FIRST_PREV):
            raise LedgerBroken(f"seal {seal.number} does not continue the one before it")
        found.append(seal)
        prev = signed.hash
    return found


def day_of(at: float) -> str:
    """The UTC day, 2026-11-22."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def begin_of_day(at: float) -> float:
    return at // DAY * DAY
