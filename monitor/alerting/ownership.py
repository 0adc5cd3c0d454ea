"""Whose is it? `[watch]` turned into look-up tables, and a finding into a level, a score and reasons.

Proved: what a stranger cannot arrange without the credential or the forge's consent (the key's own account id, the keyed hash of an
own secret, the owner that the forge names, a source that reads only your own things). Claimed: everything that anybody can write
into a commit (author lines, host names and addresses beside the secret), and every place that nobody but the sender of a document vouches
for. Claimed alone never pages.

A look-up costs the same with ten entries as with ten thousand: exact names and the suffixes of a host name, no expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from monitor.contracts import HEARSAY, Place


class Level(StrEnum):
    """How sure we are whose it is."""

    NONE = "none"
    CLAIMED = "claimed"
    PROVED = "proved"

    @property
    def rank(self) -> int:
        """0 (none) to 2 (proved)."""
        return _LEVELS.index(self)


_LEVELS: Final = tuple(Level)


def _names(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not value.strip() or any(c.isspace() for c in value):
            raise ValueError("an entry is empty or has blanks in it")
    return tuple(value.lower().strip("./") for value in values)


def _domains(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in _names(values):
        if "." not in value.strip(".") or "/" in value or "@" in value or "*" in value:
            raise ValueError("a domain is written like example.com; its subdomains are included")
    return _names(values)


def _repositories(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value.count("/") not in (1, 2):
            raise ValueError("a repository is written like owner/name or forge.example/owner/name")
    return _names(values)


_Names = Annotated[tuple[str, ...], AfterValidator(_names)]
_Domains = Annotated[tuple[str, ...], AfterValidator(_domains)]
_Repositories = Annotated[tuple[str, ...], AfterValidator(_repositories)]


class WatchSettings(BaseModel):
    """`[watch]`: what is yours. Compared without case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisations: _Names = Field(
        (), description="forge organisations or groups: `acme` on any forge, or `github.com/acme`"
    )
    users: _Names = Field((), description="forge users, written alike; their own repositories are yours")
    repositories: _Repositories = Field((), description="`owner/name`, or `github.com/owner/name`")
    account_ids: _Names = Field(
        (), description="cloud accounts, projects, tenants, key ids that a credential itself carries"
    )
    domains: _Domains = Field(
        (), description="`example.com` and everything below it: beside a secret, or as the place itself"
    )
    hosts: _Names = Field((), description="single host names beside a secret")
    email_domains: _Domains = Field((), description="of commit authors and of addresses beside a secret")
    fingerprints: _Names = Field((), description="keyed hashes of your own secrets")
    sources: _Names = Field((), description="sources that read only your own things, such as `directory`")

    @property
    def empty(self) -> bool:
        """Whether nothing is watched: then nothing pages."""
        return not any(getattr(self, name) for name in type(self).model_fields)


@dataclass(frozen=True, slots=True)
class Reason:
    """One match: which entry of which list, how, and what it is worth. `found` is foreign text."""

    kind: str
    entry: str
    found: str
    proof: Level
    weight: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """`score` is the sum of the weights, at most 100; one entry counts once for each kind of match."""

    level: Level
    score: int
    reasons: tuple[Mapping[str, Any], ...]


NOBODY: Final = Attribution(Level.NONE, 0, ())
MAX_REASONS: Final = 20

# kind -> (how sure, weight)
_KINDS: Final[Mapping[str, tuple[Level, int]]] = {
    "own_secret": (Level.PROVED, 100),
    "account_id": (Level.PROVED, 100),
    "source": (Level.PROVED, 90),
    "repository": (Level.PROVED, 90),
    "organisation": (Level.PROVED, 90),
    "user": (Level.PROVED, 80),
    "own_site": (Level.PROVED, 80),
    "host": (Level.CLAIMED, 40),
    "domain": (Level.CLAIMED, 40),
    "author_email": (Level.CLAIMED, 30),
    "author": (Level.CLAIMED, 20),
    "email": (Level.CLAIMED, 20),
}


class Ownership:
    """Immutable after construction, no I/O. Thread-safe."""

    def __init__(self, watch: WatchSettings) -> None:
        self._organisations = frozenset(watch.organisations)
        self._users = frozenset(watch.users)
        self._repositories = frozenset(watch.repositories)
        self._account_ids = frozenset(watch.account_ids)
        self._domains = frozenset(watch.domains)
        self._hosts = frozenset(watch.hosts)
        self._email_domains = frozenset(watch.email_domains)
        self._fingerprints = frozenset(watch.fingerprints)
        self._sources = frozenset(watch.sources)
        self._watching = not watch.empty

    def assess(
        self,
        place: Place,
        *,
        source: str,
        fingerprints: Iterable[str] = (),
        facts: Mapping[str, str] | None = None,
        hosts: Iterable[str] = (),
        emails: Iterable[str] = (),
    ) -> Attribution:
        """What `[watch]` says of one sighting."""
        if not self._watching:
            return NOBODY
        found = [
            *self._of_value(fingerprints, facts or {}),
            *self._of_place(place, source),
            *self._of_text(place, hosts, emails),
        ]
        return combine([asdict(reason) for reason in found]) if found else NOBODY

    def _of_value(self, fingerprints: Iterable[str], facts: Mapping[str, str]) -> Iterator[Reason]:
        for fingerprint in fingerprints:
            if fingerprint in self._fingerprints:
                yield _reason("own_secret", fingerprint, "")
        for name, value in facts.items():
            if value.lower() in self._account_ids:
                yield _reason("account_id", value.lower(), name)

    def _of_place(self, place: Place, source: str) -> Iterator[Reason]:
        if source.lower() in self._sources:
            yield _reason("source", source.lower(), source)
        forge, owner = place.forge.lower().removeprefix(HEARSAY), place.owner.lower()
        # a masked one may have had the mark: a sender knows how to make the redactor take it
        is_hearsay = place.forge.startswith(HEARSAY) or "*" in forge
        most = Level.CLAIMED if is_hearsay else Level.PROVED
        repository = place.repository.lower()
        for kind, watched, name in (
            ("organisation", self._organisations, owner),
            ("user", self._users, owner),
            ("repository", self._repositories, repository),
        ):
            if name and (entry := _either(watched, name, f"{forge}/{name}")):
                yield _reason(kind, entry, name, most)
        host = forge if "." in forge else _host(place.url)
        if entry := _suffix(self._domains, host):
            yield _reason("own_site", entry, host, most)

    def _of_text(self, place: Place, hosts: Iterable[str], emails: Iterable[str]) -> Iterator[Reason]:
        for host in (h.lower().rstrip(".") for h in hosts):
            if host in self._hosts:
                yield _reason("host", host, host)
            elif entry := _suffix(self._domains, host):
                yield _reason("domain", entry, host)
        if entry := _suffix(self._email_domains, place.author_email_domain.lower()):
            yield _reason("author_email", entry, place.author_email_domain)
        author = place.author.lower()
        if author and (entry := _either(self._users, author, f"{place.forge.lower()}/{author}")):
            yield _reason("author", entry, place.author)
        for domain in emails:
            if entry := _suffix(self._email_domains, domain.lower()):
                yield _reason("email", entry, domain)


def combine(*groups: Iterable[Mapping[str, Any]]) -> Attribution:
    """One attribution out of the reasons of several sightings. The order of sightings makes no difference."""
    best: dict[tuple[str, str], Mapping[str, Any]] = {}
    for group in groups:
        for reason in group:
            key = (reason["kind"], reason["entry"])
            if key not in best or _better(reason) < _better(best[key]):
                best[key] = reason
    if not best:
        return NOBODY
    ordered = sorted(best.values(), key=_order)
    level = max((Level(r["proof"]) for r in ordered), key=lambda known: known.rank)
    score = min(100, sum(r["weight"] for r in ordered))
    return Attribution(level, score, tuple(ordered[:MAX_REASONS]))


def _better(reason: Mapping[str, Any]) -> tuple[int, str]:
    """Of one match found twice the surer one is kept."""
    return (-Level(reason["proof"]).rank, reason["found"])


def _order(reason: Mapping[str, Any]) -> tuple[int, int, str, str]:
    return (-Level(reason["proof"]).rank, -reason["weight"], reason["kind"], reason["entry"])


def _reason(kind: str, entry: str, found: str, most: Level = Level.PROVED) -> Reason:
    proof, weight = _KINDS[kind]
    return Reason(kind, entry, found[:200], min(proof, most, key=lambda level: level.rank), weight)


def _either(watched: frozenset[str], name: str, qualified: str) -> str:
    """The entry that fits, the one that names the forge first; "" for none."""
    if qualified in watched:
        return qualified
    return name if name in watched else ""


def _suffix(watched: frozenset[str], host: str) -> str:
    """The longest watched domain that `host` is or lies below; "" for none."""
    host = host.rstrip(".")
    while watched and host:
        if host in watched:
            return host
        _, _, host = host.partition(".")
    return ""


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:  # a foreign text that is no URL
        return ""
