"""Which repositories an organisation, a group or a user has, asked of its forge: so that a new one is followed without anybody
writing it down.

What was found is kept over restarts. A repository that the forge no longer lists is told, and kept: what it held may have been
copied, and its mirror is what is left of it. A list that could not be read to its end changes nothing.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import quote

import orjson
import structlog
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from yarl import URL

from monitor import gitread
from monitor.budget import Limited, backoff
from monitor.collectors.base import SourceContext
from monitor.collectors.github.api import next_link
from monitor.collectors.shapes import obj, text
from monitor.collectors.upstream import Refused, Unavailable, Upstream
from monitor.tools import Tools

_LOG = structlog.get_logger(__name__)
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_PAGES: Final = 200  # of one owner, up to 100 repositories each
_SHORTEST: Final = 300.0  # seconds between two tries while it fails
_INTERVAL: Final = 1.0
_WORDS: Final = {401: "unauthorized", 403: "forbidden", 404: "no_such_owner"}

Forge = Literal["github", "gitlab", "gitea"]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind of forge is asked. `{}` in a path is the owner's name."""

    base_url: str
    organisation: str
    user: str
    clone_url: str
    authorization: tuple[str, str]  # header, what stands before the token

    def is_fork(self, raw: object) -> bool:
        return obj(raw).get("fork") is True or bool(obj(raw, "forked_from_project"))


_KINDS: Final[dict[Forge, _Kind]] = {
    "github": _Kind(
        "https://api.github.com",
        "/orgs/{}/repos?per_page=100",
        "/users/{}/repos?per_page=100",
        "clone_url",
        ("Authorization", "Bearer "),
    ),
    "gitlab": _Kind(
        "https://gitlab.com/api/v4",
        # projects that are only shared with the group belong to somebody else
        "/groups/{}/projects?include_subgroups=true&with_shared=false&pagination=keyset&order_by=id&sort=asc&per_page=100",
        "/users/{}/projects?pagination=keyset&order_by=id&sort=asc&per_page=100",
        "http_url_to_repo",
        ("PRIVATE-TOKEN", ""),
    ),
    "gitea": _Kind(
        "", "/orgs/{}/repos?limit=50", "/users/{}/repos?limit=50", "clone_url", ("Authorization", "token ")
    ),
}


class Discover(BaseModel):
    """One table of `[[sources.git.discover]]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    forge: Forge = Field(description="kind of the forge: github, gitlab or gitea (Forgejo as well)")
    base_url: str = Field("", description="its API; needed for gitea, and for servers of one's own")
    organisations: tuple[str, ...] = Field(
        (), description="organisations; of GitLab groups, with their subgroups"
    )
    users: tuple[str, ...] = Field((), description="people and bots")
    token_file: Path | None = Field(None, description="a file with a token that may list the repositories")
    every_hours: float = Field(6.0, gt=0, description="between two looks at the lists")
    include_forks: bool = Field(default=False, description="also copies of others' repositories")
    include_archived: bool = Field(default=True, description="also those that are closed to changes")
    clone_host: str = Field("", description="host of the clone URLs, where it is not that of the API")

    @field_validator("base_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("an http or https URL is expected")
        return value.rstrip("/")

    @field_validator("organisations", "users")
    @classmethod
    def _names(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not all(_NAME.fullmatch(part) and part not in (".", "..") for part in value.split("/")):
                raise ValueError("letters, digits, '.', '-' and '_' are expected (and '/' in a GitLab group)")
        return values

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.organisations and not self.users:
            raise ValueError("name at least one of organisations and users")
        if not self.api:
            raise ValueError("base_url is needed, such as https://codeberg.org/api/v1")
        if self.forge != "gitlab" and any("/" in name for name in (*self.organisations, *self.users)):
            raise ValueError("only GitLab has groups in groups")
        return self

    @property
    def api(self) -> str:
        return self.base_url or _KINDS[self.forge].base_url

    def secret(self) -> str:
        """The token, "" without one. Reads `token_file`; raises OSError, ValueError when that is empty."""
        if self.token_file is None:
            return ""
        found = self.token_file.read_text(encoding="utf-8").strip()
        if not found:
            raise ValueError(f"{self.token_file}: no token in it")
        return found


class Discovery:
    """One table, asked again and again. For one task at a time. `due` is when it should be asked (epoch seconds)."""

    def __init__(self, table: Discover, tools: Tools, *, draw: Callable[[], float] = random.random) -> None:
        token = table.secret()
        self._table = table
        self._kind = _KINDS[table.forge]
        header, before = self._kind.authorization
        # the name of the credential: sources with the same token share its limits
        credential = hashlib.sha256(token.encode()).hexdigest()[:16] if token else "anonymous"
        budget = tools.http.budget(table.api, credential, interval=_INTERVAL)
        headers = {header: before + token} if token else {}
        self._upstream = Upstream(tools.http, tools.metrics, budget, headers=headers)
        host = URL(table.api).host or ""
        self._hosts = {table.clone_host} if table.clone_host else {host, host.removeprefix("api.")}
        self._draw = draw
        self._known: dict[str, dict[str, bool]] = {}  # owner -> clone URL -> whether it vanished
        self._every = table.every_hours * 3600.0
        self._failures = 0
        self.due = 0.0
        self.trouble = ""  # why the last look failed, "" = it did not

    async def restore(self, context: SourceContext) -> None:
        """What was known before the restart, of the owners that are still asked for."""
        asked: list[float] = []
        for owner, _ in self._owners():
            saved = orjson.loads(await context.state.cursor(context.name, self._cursor(owner)) or "{}")
            self._known[owner] = {url: gone is True for url, gone in obj(saved, "urls").items()}
            asked.append(float(saved["asked"]) if saved else 0.0)
        self.due = min(asked) + self._every

    def repositories(self) -> dict[str, bool]:
        """Clone URL -> whether the forge no longer lists it."""
        found: dict[str, bool] = {}
        for urls in self._known.values():
            for url, gone in urls.items():
                found[url] = gone and found.get(url, True)
        return found

    async def look(self, context: SourceContext) -> None:
        """Ask for all owners' repositories, remember them, and set `due` and `trouble`. Raises Stopping."""
        try:
            for owner, path in self._owners():
                self._learn(context, owner, await self._list(context, path))
                saved = {"asked": context.now(), "urls": self._known[owner]}
                cursor = orjson.dumps(saved).decode()
                await context.state.save_cursor(context.name, cursor, self._cursor(owner))
        except Limited as error:
            self.trouble, pause = "limited", error.retry_after
        except (Unavailable, Refused) as error:
            self._failures += 1
            status = error.status if isinstance(error, Refused) else 0
            self.trouble = _WORDS.get(status, error.reason)
            pause = max(
                _SHORTEST,
                backoff(self._failures, self._draw(), base=_SHORTEST, cap=max(_SHORTEST, self._every)),
            )
        else:
            self._failures, self.trouble = 0, ""
            pause = self._every
        self.due = context.now() + pause

    def _cursor(self, owner: str) -> str:
        return f"discovery {self._table.api} {owner}"

    def _owners(self) -> Iterator[tuple[str, str]]:
        """What names each owner, and the path of its list."""
        for name in self._table.organisations:
            yield f"organisation {name}", self._kind.organisation.format(quote(name, safe=""))
        for name in self._table.users:
            yield f"user {name}", self._kind.user.format(quote(name, safe=""))

    async def _list(self, context: SourceContext, path: str) -> list[str]:
        """The clone URLs of everything that is to be followed. Raises Limited, Unavailable, Refused, Stopping."""
        url, found = self._table.api + path, list[str]()
        for _ in range(_PAGES):
            raw, answer = await self._upstream.get_json(context, url, list)
            found += (clone for clone in (self._clone(context, entry) for entry in raw) if clone)
            link = next_link(answer.headers.get("Link", ""))
            if not link:
                return found
            url = self._ours(link, url)
        context.dropped("discovery_over_limit")
        return found

    def _ours(self, link: str, url: str) -> str:
        """The next page. Our credential goes to no other server, whatever a header says."""
        try:
            target = URL(url).join(URL(link))
            ours = target.origin() == URL(self._table.api).origin()
        except ValueError:
            ours = False
        if not ours:
            raise Refused("bad_url")
        return str(target)

    def _clone(self, context: SourceContext, raw: Any) -> str:
        """The address to follow it by; "" when it is left out."""
        if not self._table.include_forks and self._kind.is_fork(raw):
            return ""
        if not self._table.include_archived and obj(raw).get("archived") is True:
            return ""
        try:
            remote = gitread.parse(text(raw, self._kind.clone_url))
        except gitread.GitError:
            remote = None
        if (
            not isinstance(remote, gitread.Remote)
            or remote.scheme != "https"
            or remote.host not in self._hosts
        ):
            context.dropped("foreign_url")
            return ""
        return remote.url

    def _learn(self, context: SourceContext, owner: str, listed: list[str]) -> None:
        known = self._known.setdefault(owner, {})
        vanished = [url for url, gone in known.items() if not gone and url not in set(listed)]
        for url in vanished:
            _LOG.warning("repository_vanished", owner=owner, url=url)
            known[url] = True
        if vanished:
            context.dropped("repository_vanished", len(vanished))
        known.update(dict.fromkeys(listed, False))
