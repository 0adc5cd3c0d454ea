"""Which sources and feeds could have shown something: by their names, since the ledger keeps no other word on it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

_BUS: Final = "bus:"  # sources that tell of our own topics
# by the forge's first word, how the sources that read it begin; another forge's sources are looked for by that word itself
_READERS: Final = {
    "github": ("github", "gharchive"),
    "gist": ("github", "gharchive"),
    "codeberg": ("gitea", "codeberg"),
    "forgejo": ("gitea", "forgejo"),
    "news": ("hackernews",),  # news.ycombinator.com
    **dict.fromkeys(("stackoverflow", "serverfault", "superuser", "askubuntu"), ("stackexchange",)),
}
_OF_ANY: Final = ("git", "ingest")
# what stands in a feed's path before the one owner whose things it lists
_OWNED: Final = frozenset({"orgs", "users", "user", "groups", "repos", "networks"})
_DEEPER: Final = frozenset({"repos", "networks"})  # and behind the owner the repository
_SEARCH: Final = "search"  # /repos/search lists everybody's
_WATCHED: Final = "watched"  # a feed of what the operator watches, whatever that is


def readers_of(forge: str, sources: Iterable[str]) -> tuple[str, ...]:
    """Those of `sources` that may see something on `forge`: by their names; where none has such a name, all of them."""
    host = forge.lower()
    label = "stackoverflow" if host.endswith("stackexchange.com") else host.split(".")[0]
    begins = _READERS.get(label, (label,))
    own = sorted({name for name in sources if not name.startswith(_BUS)})
    named = tuple(name for name in own if name.startswith(begins) or name in _OF_ANY)
    return named if any(name not in _OF_ANY for name in named) else tuple(own)


def could_list(feed: str, forge: str, name: str, *, watched: bool) -> bool:
    """Whether `feed` may list something of `name` (owner/name) on `forge`. One of another owner, of another site, or of what is watched
    where `name` is not, does not count as a look.
    """
    words = _words(feed)
    if not words:
        return True
    if words[0] == _WATCHED:
        return watched
    if "." in words[0] and words[0] != forge.lower():
        return False
    return not _owned(words) or is_of(feed, name)


def is_of(feed: str, name: str) -> bool:
    """Whether the feed's path names the owner, and the repository if it names one."""
    owner, _, repository = name.lower().partition("/")
    whose = _owned(_words(feed))
    if not whose or whose[1] != owner:
        return False
    return whose[0] not in _DEEPER or not repository or len(whose) < 3 or whose[2] == repository


def _owned(words: list[str]) -> list[str]:
    """From the word on that says that an owner follows; nothing where the feed is everybody's."""
    for place, (kind, of) in enumerate(pairwise(words)):
        if kind in _OWNED and of != _SEARCH:
            return words[place:]
    return []


def _words(feed: str) -> list[str]:
    return [word for word in feed.lower().split("/") if word]
