"""Commits whose files went to the bus whole: the same commit in a thousand forks costs one request. Bounded, in memory: after a restart
a commit is read again, and its texts are known by then.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from monitor.collectors.shapes import text

_COMMITS: Final = 5_000
_FILES: Final = 50  # of one commit: a larger one is read again
_File = tuple[str, str]  # path, blob


class KnownCommits:
    """For the tasks of one loop."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, Sequence[_File]] = OrderedDict()

    def files(self, sha: str) -> Sequence[_File] | None:
        """(path, blob) of what the commit changed; None when it was not read lately."""
        known = self._files.get(sha)
        if known is not None:
            self._files.move_to_end(sha)
        return known

    def remember(self, sha: str, files: Iterable[Any]) -> None:
        """`files` as the API lists them: entries with `filename` and `sha`."""
        found = [(text(entry, "filename"), text(entry, "sha")) for entry in files]
        if len(found) > _FILES:
            return
        self._files[sha] = [(path, blob) for path, blob in found if path and blob]
        if len(self._files) > _COMMITS:
            self._files.popitem(last=False)
