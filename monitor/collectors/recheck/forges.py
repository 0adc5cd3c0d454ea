"""A file in a repository, on the three kinds of forges: the same questions, asked of three APIs.

1. Is the repository there for everybody? Gone, taken down, private: removed.
2. Does the branch's head still have the very text? Public.
3. Does the commit still show it? Cleaned: the history and every clone have it. Else removed: history was rewritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from monitor.collectors.base import SourceContext
from monitor.collectors.recheck.target import CLEANED, PUBLIC, REMOVED, NoVerdict, Target

OPEN: Final = "open"
HIDDEN: Final = "hidden"
THERE: Final = "there"
_HEADS: Final = "refs/heads/"


class Forge(Protocol):
    """Each answers a fact, "" for what is gone. Raises NoVerdict, Stopping."""

    async def repository(self, context: SourceContext, name: str) -> str:
        """OPEN or HIDDEN."""

    async def file(self, context: SourceContext, name: str, path: str, branch: str) -> str:
        """The blob id of the file at the head of `branch`, "" = of the default branch."""

    async def commit(self, context: SourceContext, name: str, sha: str) -> str:
        """THERE."""


@dataclass(frozen=True, slots=True)
class RepositoryLook:
    """The three questions to one forge."""

    forge: Forge

    async def look(self, context: SourceContext, target: Target) -> str:
        """A word of `target`. Raises NoVerdict, Stopping."""
        forge, name = self.forge, target.repository
        if await forge.repository(context, name) != OPEN:
            return REMOVED
        if not target.commit:
            raise NoVerdict("no_way")  # the repository stands, but where in it the text was nobody knows
        if target.path:
            branch = target.ref.removeprefix(_HEADS) if target.ref.startswith(_HEADS) else ""
            for head in dict.fromkeys(("", branch)):
                found = await forge.file(context, name, target.path, head)
                if found and (not target.blob or found == target.blob):
                    return PUBLIC
        if not await forge.commit(context, name, target.commit):
            return REMOVED
        return CLEANED if target.path else PUBLIC


def safe_path(path: str) -> str:
    """`path` when each of its parts is one name. Raises NoVerdict: it would walk elsewhere."""
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise NoVerdict("no_way")
    return path
