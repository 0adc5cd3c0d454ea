"""Where the secrets of a document stand again, as bare text that no rule would know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

_HEAD: Final = 4  # a shorter secret (a PIN) is not looked for: its digits stand everywhere
_FEW: Final = 8  # values, and bytes of the longest, up to which each is looked for by itself: ten times faster, and bounded
_SHORT: Final = 256


class Repeats:
    """Finds all of many values in one pass. A look costs the text's length, however many values there are."""

    def __init__(self, values: Iterable[bytes]) -> None:
        """Values under four bytes are left out."""
        self._by_head: dict[bytes, dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        self.longest = 0
        self._values = {value for value in values if len(value) >= _HEAD}
        for value in self._values:
            self._by_head[value[:_HEAD]][len(value)].add(value)
            self.longest = max(self.longest, len(value))

    def spans(self, text: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Every value that lies in text[begin:end]; of those that begin at one place the longest."""
        by_head = self._by_head
        if not by_head:
            return
        if len(self._values) <= _FEW and self.longest <= _SHORT:
            yield from self._each(text, begin, end)
            return
        for at in range(begin, end - _HEAD + 1):
            if (known := by_head.get(text[at : at + _HEAD])) is None:
                continue
            found = [
                size for size, values in known.items() if at + size <= end and text[at : at + size] in values
            ]
            if found:
                yield at, at + max(found)

    def _each(self, text: bytes, begin: int, end: int) -> Iterator[tuple[int, int]]:
        found: dict[int, int] = {}
        for value in self._values:
            at = text.find(value, begin, end)
            while at >= 0:
                found[at] = max(found.get(at, 0), len(value))
                at = text.find(value, at + 1, end)
        for at in sorted(found):
            yield at, at + found[at]
