"""How many distinct things were seen, in 4 KiB however many there are (HyperLogLog: Flajolet, Fusy, Gandouet, Meunier, 2007).

2^12 registers: the standard error is 1.04 / sqrt(4096) = 1.6 %; up to some thousands the empty registers are counted instead,
which is exact to a few in a thousand. Two sketches of parts of one text merge to that of the whole, in any order.
"""

from __future__ import annotations

import hashlib
import math
from typing import Final, Self

_BITS: Final = 12  # of the hash choose the register
_REGISTERS: Final = 1 << _BITS
_REST: Final = 64 - _BITS  # bits whose leading zeros are counted
_SCALE: Final = 0.7213 / (1 + 1.079 / _REGISTERS)
_LINEAR: Final = 2.5 * _REGISTERS  # below it the empty registers say more
STANDARD_ERROR: Final = 1.04 / math.sqrt(_REGISTERS)


class Distinct:
    """Counts distinct byte strings. Not thread-safe."""

    def __init__(self) -> None:
        self._registers = bytearray(_REGISTERS)

    @classmethod
    def restored(cls, stored: bytes) -> Self:
        """What `stored` gave. Raises ValueError when it is none."""
        if len(stored) != _REGISTERS or max(stored) > _REST + 1:
            raise ValueError(f"a sketch has {_REGISTERS} registers of at most {_REST + 1}")
        found = cls()
        found._registers[:] = stored
        return found

    def stored(self) -> bytes:
        """The registers: 4,096 bytes, one each. Nothing of what was added can be read from them."""
        return bytes(self._registers)

    def add(self, item: bytes) -> None:
        """About a microsecond."""
        value = int.from_bytes(hashlib.blake2b(item, digest_size=8).digest())
        register, rest = value >> _REST, value & ((1 << _REST) - 1)
        rank = _REST - rest.bit_length() + 1
        self._registers[register] = max(self._registers[register], rank)

    def merge(self, other: Distinct) -> None:
        """Count what the other has seen as well."""
        self._registers[:] = bytes(map(max, self._registers, other._registers))

    def count(self) -> int:
        """The estimate, 0 for nothing."""
        empty = self._registers.count(0)
        estimate = _SCALE * _REGISTERS**2 / sum(2.0**-rank for rank in self._registers)
        if estimate <= _LINEAR and empty:
            estimate = _REGISTERS * math.log(_REGISTERS / empty)
        return round(estimate)
