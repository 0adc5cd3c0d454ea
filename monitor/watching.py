"""What is ours, as far as a collector must know it: whose feeds are read completely, and whose items come first.

Entries are those of `[watch]`, in lower case: `acme` on any forge, or `github.com/acme`; a repository `owner/name` or
`forge/owner/name`, or with `*` at its end every name that begins so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Watching:
    """Immutable; names are compared without case."""

    organisations: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # those that read only our own things
    _entries: frozenset[str] = field(init=False, repr=False, compare=False)
    _lengths: tuple[int, ...] = field(init=False, repr=False, compare=False)  # of what ends in `*`

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "_entries", frozenset((*self.organisations, *self.users, *self.repositories))
        )
        lengths = {len(entry) - 1 for entry in self.repositories if entry.endswith("*")}
        object.__setattr__(self, "_lengths", tuple(sorted(lengths)))

    def is_watched(self, forge: str, repository: str) -> bool:
        """Whether `owner/name` (or, of a group, `group/sub/name`) on `forge` is ours. Costs the same however long the lists are."""
        name, host = repository.lower(), forge.lower()
        owner = name.partition("/")[0]
        whole = f"{host}/{name}"
        if any(entry in self._entries for entry in (owner, f"{host}/{owner}", name, whole)):
            return True
        return any(f"{text[:n]}*" in self._entries for n in self._lengths for text in (name, whole))

    def organisations_on(self, forge: str) -> tuple[str, ...]:
        """Their names without the forge."""
        return _on(self.organisations, forge, slashes=0)

    def users_on(self, forge: str) -> tuple[str, ...]:
        """Their names without the forge."""
        return _on(self.users, forge, slashes=0)

    def repositories_on(self, forge: str) -> tuple[str, ...]:
        """`owner/name`; what ends in `*` names no single one and is left out."""
        return _on([entry for entry in self.repositories if not entry.endswith("*")], forge, slashes=1)


def _on(entries: Sequence[str], forge: str, *, slashes: int) -> tuple[str, ...]:
    """Entries of any forge and of this one, without the forge's name, in their order and once each."""
    host = f"{forge.lower()}/"
    plain = (e if e.count("/") == slashes else e.removeprefix(host) for e in entries)
    return tuple(dict.fromkeys(e for e in plain if e.count("/") == slashes))
