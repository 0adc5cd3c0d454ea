"""What can be scanned."""

from __future__ import annotations

from typing import Any, Protocol, overload


class Buffer(Protocol):
    """bytes, bytearray, memoryview or mmap: anything that slices and that Hyperscan reads in place."""

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, at: int, /) -> int: ...
    @overload
    def __getitem__(self, at: slice, /) -> Any: ...
