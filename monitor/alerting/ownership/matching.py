"""Whose is it? `[watch]` turned into look-up tables, and a finding into a level, a score and reasons.

Proved: what a stranger cannot arrange without the credential or the forge's consent (the ids that the credential itself carries, the
keyed hash of an own secret, the owner that the forge names, a source that reads only your own things). Claimed: everything that anybody
can write into a commit (author lines, words, host names and addresses beside the secret), and every place that nobody but the sender of
a document vouches for. Claimed alone never pages.

A look-up costs the same with ten entries as with ten thousand: exact names, the suffixes of a host name, the beginnings of a
repository's name; no expressions, no walk over the entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.alerting.ownership.levels import Level
from monitor.alerting.ownership.reasons import NOBODY, Attribution, combine, reason
from monitor.alerting.ownership.settings import LISTS, WatchSettings
from monitor.contracts import HEARSAY, FindingEvent, Place
from monitor.misdelivery import FAMILY, SOURCE

# the list of `[watch]` that each kind of reason looks into
_LISTS: Final[Mapping[str, str]] = {
    "account_id": "account_ids",
    "project_id": "project_ids",
    "tenant_id": "tenant_ids",
    "key_id": "key_ids",
    "source": "sources",
    "repository": "repositories",
    "organisation": "organisations",
    "user": "users",
    "own_site": "domains",
    "host": "hosts",
    "domain": "domains",
    "author_email": "email_domains",
    "author": "users",
    "email": "email_domains",
    "brand": "brands",
}
_IDS: Final = ("account_id", "project_id", "tenant_id", "key_id")
# facts that a credential's maker writes freely: who issued it, for whom
_FREE: Final = frozenset({"iss", "aud", "host"})
_WORD: Final = re.compile(r"[^\W_]{4,64}")
_READ: Final = 2000  # characters of one text that are looked at for brands


class Ownership:
    """Immutable after construction, no I/O. Thread-safe."""

    def __init__(self, watch: WatchSettings) -> None:
        self._watch = watch
        self._entries = {name: frozenset(getattr(watch, name)) for name in LISTS}
        self._repositories = _Beginnings(watch.repositories)
        self._suffixes = frozenset(host[1:] for host in watch.hosts if host.startswith("."))
        self._ids = [(kind, self._entries[_LISTS[kind]]) for kind in _IDS]

    def of(self, event: FindingEvent) -> Attribution:
        """What `[watch]` says of a finding; a wrong delivery to the operator's own webhook is theirs whatever it says."""
        found = self.assess(
            event.place,
            source=event.source,
            fingerprints=event.leak.values(),
            facts=event.facts,
            hosts=event.hosts,
            emails=event.emails,
            own=event.own,
            snippet=event.snippet,
        )
        if event.family != FAMILY or event.source != SOURCE:
            return found
        return combine(found.reasons, [reason("own_delivery", event.facts.get("webhook", ""), "")])

    def assess(
        self,
        place: Place,
        *,
        source: str,
        fingerprints: Iterable[str] = (),
        facts: Mapping[str, str] | None = None,
        hosts: Iterable[str] = (),
        emails: Iterable[str] = (),
        own: Iterable[str] = (),
        snippet: str = "",
    ) -> Attribution:
        """What `[watch]` says of one sighting. `own`: the operator's own secrets that it is, which need no entry."""
        found = [reason("own_secret", name, "") for name in own]
        if not self._watch.empty:
            found += self._of_value(fingerprints, facts or {})
            found += self._of_place(place, source)
            found += self._of_text(place, hosts, emails)
            found += self._of_words(place, snippet)
        return combine(found) if found else NOBODY

    def _of_value(self, fingerprints: Iterable[str], facts: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        for fingerprint in fingerprints:
            if fingerprint in self._entries["fingerprints"]:
                yield reason(
                    "own_secret", fingerprint, "", file=self._watch.origin("fingerprints", fingerprint)
                )
        for name, value in facts.items():
            if name in _FREE:
                yield from self._of_free_fact(value)
                continue
            wanted = value.lower()
            for kind, entries in self._ids:
                if wanted in entries:
                    yield self._reason(kind, wanted, name)

    def _of_free_fact(self, value: str) -> Iterator[Mapping[str, Any]]:
        for part in value.split():
            host = _host(part) if "//" in part else part.lower()
            if entry := _suffix(self._entries["domains"], host):
                yield reason("named_host", entry, host, file=self._watch.origin("domains", entry))

    def _of_place(self, place: Place, source: str) -> Iterator[Mapping[str, Any]]:
        if source.lower() in self._entries["sources"]:
            yield self._reason("source", source.lower(), source)
        forge, owner = place.forge.lower().removeprefix(HEARSAY), place.owner.lower()
        # a masked one may have had the mark: a sender knows how to make the redactor take it
        is_hearsay = place.forge.startswith(HEARSAY) or "*" in forge
        most = Level.CLAIMED if is_hearsay else Level.PROVED
        for kind in ("organisation", "user"):
            if owner and (entry := _either(self._entries[_LISTS[kind]], owner, f"{forge}/{owner}")):
                yield self._reason(kind, entry, owner, most)
        repository = place.repository.lower()
        if repository and (entry := self._repositories.of(repository, f"{forge}/{repository}")):
            yield self._reason("repository", entry, repository, most)
        host = forge if "." in forge else _host(place.url)
        if entry := _suffix(self._entries["domains"], host):
            yield self._reason("own_site", entry, host, most)

    def _of_text(
        self, place: Place, hosts: Iterable[str], emails: Iterable[str]
    ) -> Iterator[Mapping[str, Any]]:
        for host in (h.lower().rstrip(".") for h in hosts):
            if host in self._entries["hosts"]:
                yield self._reason("host", host, host)
            elif entry := _suffix(self._entries["domains"], host):
                yield self._reason("domain", entry, host)
            elif entry := _suffix(self._suffixes, host.partition(".")[2]):
                yield self._reason("host", f".{entry}", host)
        if entry := _suffix(self._entries["email_domains"], place.author_email_domain.lower()):
            yield self._reason("author_email", entry, place.author_email_domain)
        author = place.author.lower()
        if author and (entry := _either(self._entries["users"], author, f"{place.forge.lower()}/{author}")):
            yield self._reason("author", entry, place.author)
        for domain in emails:
            if entry := _suffix(self._entries["email_domains"], domain.lower()):
                yield self._reason("email", entry, domain)

    def _of_words(self, place: Place, snippet: str) -> Iterator[Mapping[str, Any]]:
        brands = self._entries["brands"]
        if not brands:
            return
        told: set[str] = set()
        for where, text in (
            ("repository", place.repository),
            ("path", place.path),
            ("title", place.title),
            ("line", snippet),
        ):
            for word in sorted(brands.intersection(_WORD.findall(text[:_READ].lower())) - told):
                told.add(word)
                yield self._reason("brand", word, where)

    def _reason(self, kind: str, entry: str, found: str, most: Level = Level.PROVED) -> Mapping[str, Any]:
        return reason(kind, entry, found, file=self._watch.origin(_LISTS[kind], entry), most=most)


class _Beginnings:
    """Names, whole or with `*` at their end. A look-up tries the few lengths that there are, however many entries."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._whole = frozenset(entry for entry in entries if not entry.endswith("*"))
        self._stems = frozenset(entry[:-1] for entry in entries if entry.endswith("*"))
        self._lengths = sorted({len(stem) for stem in self._stems}, reverse=True)

    def of(self, name: str, qualified: str) -> str:
        """The entry that fits, a whole one first, then the longest; "" for none."""
        if entry := _either(self._whole, name, qualified):
            return entry
        for length in self._lengths:
            for text in (qualified, name):
                if len(text) >= length and text[:length] in self._stems:
                    return f"{text[:length]}*"
        return ""


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
