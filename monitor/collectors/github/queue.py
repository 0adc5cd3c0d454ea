"""Pushes that wait to be read: which first. The feed names more of them than any budget reads.

Ours come first, always. Then where a credential is more likely to be: in the personal repository of whoever pushed, on a new branch,
in repositories about configuration and operation. Machines' pushes come last: they write lock files and translations. Within a rank
the newest first: a leak that is found late is worth less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, Final

from monitor.collectors.github.push import Push
from monitor.watching import Watching

_MACHINE_ACTOR: Final = re.compile(r"\[bot\]$|-bot$|^(?:dependabot|renovate|github-actions)\b", re.IGNORECASE)
_MACHINE_REF: Final = re.compile(
    r"^refs/heads/(?:dependabot|renovate|snyk-|gh-pages$|l10n|i18n|translations?\b|weblate|crowdin|release-please)",
    re.IGNORECASE,
)
_LIKELY_NAME: Final = re.compile(
    r"conf|dot-?files|env|infra|terraform|ansible|deploy|devops|docker|k8s|kube|helm|backend|server|api|bot\b|discord|telegram"
    r"|scrap|crawl|auth|aws|azure|gcp|cloud|secret|cred|pipeline|workflow|automat",
    re.IGNORECASE,
)


class Rank(IntEnum):
    """What a push is worth: the smaller, the sooner."""

    WATCHED = 0
    LIKELY = 1
    ORDINARY = 2
    MACHINE = 3


def rank(push: Push, forge: str, watch: Watching) -> Rank:
    """Of names alone: nothing is asked for it."""
    owner, _, name = push.repository.partition("/")
    if watch.is_watched(forge, push.repository):
        return Rank.WATCHED
    if _MACHINE_ACTOR.search(push.actor) or _MACHINE_REF.search(push.ref):
        return Rank.MACHINE
    if push.actor.lower() == owner.lower() or not push.before or _LIKELY_NAME.search(name):
        return Rank.LIKELY
    return Rank.ORDINARY


class PushQueue:
    """Bounded; for one task. A push is known by its event's key (16 bytes)."""

    def __init__(self, forge: str, watch: Watching, limit: int) -> None:
        self._forge = forge
        self._watch = watch
        self._limit = limit
        self._ranks: tuple[dict[bytes, Push], ...] = tuple({} for _ in Rank)  # each oldest first

    def __len__(self) -> int:
        return sum(map(len, self._ranks))

    def __contains__(self, key: bytes) -> bool:
        return any(key in waiting for waiting in self._ranks)

    def sizes(self) -> Iterator[tuple[Rank, int]]:
        return ((each, len(self._ranks[each])) for each in Rank)

    def first(self) -> Rank | None:
        """Whose turn it is; None when nothing waits."""
        return next((each for each in Rank if self._ranks[each]), None)

    def add(self, key: bytes, push: Push, *, again: bool = False) -> None:
        """`again`: it had its turn, and is behind all of its rank now."""
        waiting = self._ranks[rank(push, self._forge, self._watch)]
        if again:
            others = dict(waiting)
            waiting.clear()
            waiting[key] = push
            waiting.update(others)
        else:
            waiting[key] = push

    def pop(self) -> tuple[bytes, Push]:
        """The newest of the first rank. Raises KeyError when nothing waits."""
        first = self.first()
        if first is None:
            raise KeyError("nothing waits")
        return self._ranks[first].popitem()

    def trim(self) -> list[tuple[bytes, Push]]:
        """Take out what is beyond the limit, the least worth and oldest first. Ours are never beyond it."""
        over: list[tuple[bytes, Push]] = []
        for each in reversed(Rank):
            while each is not Rank.WATCHED and self._ranks[each] and len(self) > self._limit:
                key = next(iter(self._ranks[each]))
                over.append((key, self._ranks[each].pop(key)))
        return over

    def plain(self) -> list[list[Any]]:
        """To be kept over a restart."""
        return [[key.hex(), push.plain()] for waiting in self._ranks for key, push in waiting.items()]

    def restore(self, saved: Sequence[Any]) -> None:
        """What `plain` gave; what cannot be read is left out."""
        for entry in saved:
            match entry:
                case [str(key), plain] if push := Push.revive(plain):
                    self.add(bytes.fromhex(key), push)

    def keys(self) -> list[bytes]:
        return [key for waiting in self._ranks for key in waiting]

    def forget(self, keys: set[bytes]) -> None:
        """Take these out."""
        for waiting in self._ranks:
            for key in keys & waiting.keys():
                del waiting[key]
