"""What is read, and whether the tokens for it are good: GitHub's are tried with what the sources ask for anyway."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from monitor import app
from monitor.collectors.github.api import GitHubSettings
from monitor.collectors.sources.github_events import Settings as EventsSettings
from monitor.collectors.sources.github_gists import Settings as GistsSettings
from monitor.commands.doctor.asking import NoAnswer, ask
from monitor.commands.doctor.check import Check, Found, Patient, Reading, fail, ok, warn
from monitor.config import Config
from monitor.http import HttpClient, Response
from monitor.untrusted import Sink, untrusted

_NAME: Final = "token"
_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PAGE: Final = "docs/how-to/tokens.md"
_NEAR_DAYS: Final = 14
_PLACES: Final = 20  # tried at most
_FEED_OF: Final = re.compile(r"(/(?:repos/[^/]+/[^/]+|orgs/[^/]+|users/[^/]+))/events.*")


@dataclass(frozen=True, slots=True)
class _Token:
    """One credential at one server; `sources` -> what each has to be able to read, as paths."""

    base: str
    secret: str = field(repr=False)
    sources: dict[str, list[str]] = field(default_factory=dict)

    @property
    def who(self) -> str:
        return f"GitHub ({self.base.partition('://')[2]})"

    @property
    def named(self) -> str:
        return ", ".join(f"sources.{name}" for name in self.sources)


def look(patient: Patient) -> Found:
    config = patient.config
    yield from _listed(config)
    if not patient.offline:
        tokens, unread = _tokens(config)
        yield from unread
        yield from asyncio.run(_tried(patient, tokens))


def _listed(config: Config) -> Found:
    plugins = app.sources()
    if not config.sources:
        told = "none is configured: nothing is read"
        yield warn("sources", told, f"add a table [sources.<name>]; there are {', '.join(plugins)}")
    for name in config.sources:
        yield ok("source", f"{name}: {plugins[name].summary}")
    if any(name.startswith("github_") for name in config.sources) and not config.http.contact:
        told = "http.contact is empty: GitHub and others want to know whom to write to"
        yield warn("http", told, "set it to a mail address or page of yours")
    if "git" in config.sources and shutil.which("git") is None:
        yield fail("git", "the git command is not installed", "install git")


def _tokens(config: Config) -> tuple[list[_Token], list[Check]]:
    """Each credential once, however many sources use it. A file that cannot be read is told with the secrets."""
    found: dict[tuple[str, str], _Token] = {}
    unread: list[Check] = []
    for name, settings in config.sources.items():
        if not isinstance(settings, GitHubSettings):
            continue
        try:
            secret = settings.secret()
        except OSError:
            continue
        except ValueError as error:
            unread.append(fail(_NAME, f"sources.{name}: {error}", "write the token into it"))
            continue
        token = found.setdefault((settings.base_url, secret), _Token(settings.base_url, secret))
        token.sources[name] = _needed(settings)
    return list(found.values()), unread


def _needed(settings: GitHubSettings) -> list[str]:
    """Places that not everybody may read. The feeds themselves are not asked: a service that runs polls them at the rate that they give."""
    if isinstance(settings, EventsSettings):
        places = [_FEED_OF.fullmatch(feed) for feed in settings.feeds]
        return [place[1] for place in places if place][:_PLACES]
    return ["/gists/public?per_page=1"] if isinstance(settings, GistsSettings) else []


async def _tried(patient: Patient, tokens: list[_Token]) -> list[Check | Reading]:
    async with app.polite_client(patient.config) as http:
        return [each for token in tokens async for each in _try(http, token, patient)]


async def _try(http: HttpClient, token: _Token, patient: Patient) -> AsyncIterator[Check | Reading]:
    """`/rate_limit`, which costs nothing, and a request for each place that its sources have to read."""
    headers = {**_HEADERS, **({"Authorization": f"Bearer {token.secret}"} if token.secret else {})}
    answer = await ask(http, f"{token.base}/rate_limit", token.who, headers=headers, clock=patient.clock)
    if isinstance(answer, NoAnswer):
        yield fail(_NAME, answer.found, answer.advice)
        return
    if answer.reading is not None:
        yield answer.reading
    if (refused := _refused(token, token.named, answer.response)) is not None:
        yield refused
        return
    if not token.secret:
        told = f"{token.named}: none, so GitHub answers 60 requests an hour"
        yield warn(_NAME, told, f"make one without any permission, as token_file; see {_PAGE}")
        return
    good = True
    for name, path in ((name, path) for name, paths in token.sources.items() for path in paths):
        tried = await ask(http, token.base + path, token.who, headers=headers, clock=patient.clock)
        if isinstance(tried, NoAnswer):
            refused = fail(_NAME, tried.found, tried.advice)
        else:
            refused = _refused(token, f"sources.{name}, {path.partition('?')[0]}", tried.response)
        if refused is not None:
            good = False
            yield refused
    if good:
        yield _good(token, answer.response, patient.clock())


def _refused(token: _Token, named: str, response: Response) -> Check | None:
    """None where it is an answer, or a limit."""
    if response.status < 400:
        return None
    said = _message(response)
    where = f"{named}: {token.who} answers {response.status}{said}"
    if response.status == 401:
        found = f"{where}: the token is wrong, revoked or at its end"
        return fail(_NAME, found, f"make a new one and write it into token_file; see {_PAGE}")
    if response.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in response.headers:
        return warn(_NAME, f"{where}: its limit is used up", "wait, and see that nobody else uses this token")
    if response.status in (403, 404):
        found = f"{where}: the token has no right to read this"
        advice = "for a private place give it read access there, behind single sign-on authorize it; see"
        return fail(_NAME, found, f"{advice} {_PAGE}")
    return warn(_NAME, where, "see https://www.githubstatus.com, then try again")


def _good(token: _Token, response: Response, now: float) -> Check:
    left = response.headers.get("X-RateLimit-Remaining", "?")
    limit = response.headers.get("X-RateLimit-Limit", "?")
    told = f"{token.named}: good at {token.who}, {left} of {limit} requests left this hour"
    if scopes := response.headers.get("X-OAuth-Scopes", "").strip():
        more = f"it may do more than read what is public: {untrusted(scopes, Sink.TERMINAL)}"
        return warn(_NAME, f"{told}; {more}", f"make one without any scope; see {_PAGE}")
    if (ends := _ends(response)) is not None and ends - now < _NEAR_DAYS * 86_400:
        day = datetime.fromtimestamp(ends, UTC).date()
        return warn(_NAME, f"{told}; it ends on {day}", f"make the next one now; see {_PAGE}")
    return ok(_NAME, told)


def _ends(response: Response) -> float | None:
    """When a token ends, as GitHub writes it: 2026-12-24 10:00:00 UTC."""
    text = response.headers.get("GitHub-Authentication-Token-Expiration", "")
    try:
        return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _message(response: Response) -> str:
    """GitHub's own word for it."""
    try:
        body = response.json()
    except ValueError:
        return ""
    said = body.get("message") if isinstance(body, dict) else None
    return f" ({untrusted(said, Sink.TERMINAL, limit=120)})" if isinstance(said, str) else ""
