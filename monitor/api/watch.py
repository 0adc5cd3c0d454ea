"""/api/v1/watch: what is watched, and whose something would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Protocol

from pydantic import Field, StringConstraints

from monitor.api.models import Answer, Level, Question, Reason
from monitor.api.operation import BASE, Answered, Asked, Operation
from monitor.contracts import Place
from monitor.web import Role

_TAG: Final = "watch"
_Word = Annotated[str, StringConstraints(max_length=200)]


class WatchQueries(Protocol):
    def lists(self) -> Mapping[str, Mapping[str, Any]]:
        """List -> count, masked, entries."""

    def whose(
        self,
        place: Place,
        *,
        source: str,
        facts: Mapping[str, str],
        hosts: Sequence[str],
        emails: Sequence[str],
        text: str,
    ) -> Mapping[str, Any]:
        """level, score, reasons."""


class WatchList(Answer):
    count: int
    masked: bool = Field(description="entries are people: their first letter alone is shown")
    entries: tuple[str, ...]


class WatchLists(Answer):
    lists: dict[str, WatchList]


class Finding(Question):
    """A credential that might be found: where it stands, and what stands beside it. Never the credential itself."""

    forge: _Word = Field("github.com", description="or the site's host")
    owner: _Word = ""
    repository: _Word = Field("", description="owner/name")
    url: Annotated[str, StringConstraints(max_length=2000)] = ""
    path: Annotated[str, StringConstraints(max_length=1000)] = ""
    title: _Word = ""
    author: _Word = ""
    author_email_domain: _Word = ""
    source: _Word = Field("", description="the name of the source that would find it")
    facts: dict[str, _Word] = Field(
        default_factory=dict, max_length=20, description="that the credential carries: account_id, kid …"
    )
    hosts: tuple[_Word, ...] = Field((), max_length=50, description="host names beside it")
    email_domains: tuple[_Word, ...] = Field((), max_length=50, description="of addresses beside it")
    text: Annotated[str, StringConstraints(max_length=2000)] = Field(
        "", description="of the line, for brands"
    )


class Whose(Answer):
    level: Level
    score: int
    reasons: tuple[Reason, ...]


class WatchOperations:
    def __init__(self, desk: WatchQueries) -> None:
        self._desk = desk

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "getWatch", "GET", f"{BASE}/watch", _TAG,
                "What is watched. People are masked, of keyed hashes only the number is told.",
                Role.VIEWER, WatchLists, self._lists,
            ),
            Operation(
                "testWatch", "POST", f"{BASE}/watch/test", _TAG,
                "Whose would this be? Nothing is kept of the question.",
                Role.VIEWER, Whose, self._whose, body=Finding,
            ),
        ]  # fmt: skip

    async def _lists(self, _: Asked) -> Answered:
        return Answered(WatchLists.model_validate({"lists": self._desk.lists()}))

    async def _whose(self, asked: Asked) -> Answered:
        what: Finding = asked.body
        place = Place(
            forge=what.forge,
            owner=what.owner or what.repository.partition("/")[0],
            repository=what.repository,
            url=what.url,
            path=what.path,
            title=what.title,
            author=what.author,
            author_email_domain=what.author_email_domain,
        )
        found = self._desk.whose(
            place,
            source=what.source,
            facts=what.facts,
            hosts=what.hosts,
            emails=what.email_domains,
            text=what.text,
        )
        return Answered(Whose.model_validate(found))
