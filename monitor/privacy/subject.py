"""Who asks for his data: an e-mail address, a user name, or an owner on one forge; and what in a row is about him. Pure.

A row about somebody names him as the author (his name, his login, the keyed hash of his address) or as the owner of the place. What only
mentions him, such as an address in a masked line, is about him as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from monitor.contracts import HEARSAY
from monitor.identity import KeyRing

ERASED: Final = "erased"  # in place of a name that must not be empty
_LONGEST: Final = 300
# who he is as an author; and what else names him where the place is his own
_AUTHOR: Final = ("author", "author_email_hash", "author_email_domain")
_OWNER: Final = ("owner", "repository", "url", "path", "title", "commit", "ref")


class SubjectError(ValueError):
    """It names nobody. The message says how to write it."""


class Kind(StrEnum):
    EMAIL = "e-mail address"
    NAME = "user name"
    OWNER = "owner on a forge"


@dataclass(frozen=True, slots=True)
class Subject:
    """`name` is in lower case: the address, the user's name or the owner's; `forge` "" but for an owner. `hashes`: of an address, under every
    key that is active.
    """

    kind: Kind
    name: str = field(repr=False)
    forge: str = ""
    hashes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str, keys: KeyRing) -> Self:
        """`ann@example.com`, `ann`, or `github.com/ann`. Raises SubjectError."""
        name = text.strip().lower()
        if (
            not name
            or len(name) > _LONGEST
            or any(c.isspace() or not c.isprintable() for c in name.replace(" ", ""))
        ):
            raise SubjectError(
                "a subject is an e-mail address, a user name, or forge/owner such as github.com/ann"
            )
        if "@" in name.strip("@"):
            rings = [KeyRing({key_id: key}) for key_id, key in keys.keys.items()]
            return cls(
                Kind.EMAIL, name, hashes=frozenset(ring.digest("author", name.encode()) for ring in rings)
            )
        forge, slash, owner = name.partition("/")
        if not slash:
            return cls(Kind.NAME, name.removeprefix("@"))
        if "." not in forge or not owner or "/" in owner:
            raise SubjectError(
                f"{text!r} is no owner: write forge/owner such as github.com/ann, without a repository"
            )
        return cls(Kind.OWNER, owner, forge)

    @property
    def needles(self) -> frozenset[str]:
        """One of these stands in the stored JSON text of every row that is about him."""
        # a database knows the case of ASCII only, and the store writes the rest escaped
        forms = {self.name} if self.name.isascii() else {self.name, self.name.upper(), self.name.title()}
        return self.hashes | {json.dumps(form)[1:-1] for form in forms}

    def owns(self, place: Mapping[str, Any]) -> bool:
        """Whether the place is his own."""
        if self.kind is Kind.EMAIL:
            return False
        forge = str(place.get("forge", "")).lower().removeprefix(HEARSAY)
        owner = str(place.get("owner") or str(place.get("repository", "")).partition("/")[0]).lower()
        return owner == self.name and self.forge in ("", forge)

    def wrote(self, place: Mapping[str, Any]) -> bool:
        """Whether he is named as the author."""
        author = str(place.get("author", "")).lower()
        if self.kind is Kind.EMAIL:
            return place.get("author_email_hash", "") in self.hashes or self.name in author
        if self.forge and self.forge != str(place.get("forge", "")).lower().removeprefix(HEARSAY):
            return False
        return author.removeprefix("@") == self.name

    def mentioned(self, texts: Iterable[object]) -> bool:
        """Whether one of the texts has his address; a bare name is too common to tell."""
        return self.kind is Kind.EMAIL and any(self.name in str(text).lower() for text in texts)

    def concerns(self, place: Mapping[str, Any], snippet: str = "") -> bool:
        return self.owns(place) or self.wrote(place) or self.mentioned((snippet, *place.values()))

    def is_actor(self, actor: str) -> bool:
        """Whether an entry of the access log is his: `cli:ann`, `console:ann`."""
        return self.kind is not Kind.OWNER and actor.rpartition(":")[2].lower() == self.name

    def without(self, place: Mapping[str, Any]) -> dict[str, Any]:
        """The place with nothing of him in it."""
        gone = {
            *(_AUTHOR if self.wrote(place) or self.owns(place) else ()),
            *(_OWNER if self.owns(place) else ()),
        }
        left = {name: value for name, value in place.items() if name not in gone}
        return {name: value for name, value in left.items() if not self.mentioned((value,))}

    def has_repository(self, repository: str) -> bool:
        """Whether `owner/name` is his, on whatever forge."""
        return (
            self.kind is not Kind.EMAIL
            and repository.lower().partition("/")[0] == self.name
            and "/" in repository
        )

    def in_text(self, text: str) -> bool:
        """Whether a short text (a reason, a fact) is his name, his address or has it."""
        return text.lower() == self.name or self.mentioned((text,)) or self.has_repository(text)
