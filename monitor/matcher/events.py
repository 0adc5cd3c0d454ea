"""From a finding (plain) to a finding event (redacted, with identities): what the scanning process answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from detectors import Finding
from monitor.contracts import Document, FindingEvent, Place, Sighting
from monitor.identity import KeyRing, blob_sha, place_id
from monitor.matcher import redact
from monitor.matcher.describe import Described, facts
from monitor.matcher.ownsecrets import OwnSecrets
from monitor.matcher.parts import cut_dump
from monitor.matcher.repeats import Repeats
from monitor.matcher.sealing import Seals

_AT_MOST: Final = 16
_HOST: Final = re.compile(
    r"(?<![\w.@-])(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,6}[a-z]{2,18}(?![\w-])", re.IGNORECASE
)
_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@((?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,18})", re.IGNORECASE
)
_FILE_ENDINGS: Final = frozenset(
    [
        "py",
        "js",
        "ts",
        "go",
        "rs",
        "java",
        "rb",
        "php",
        "sh",
        "md",
        "txt",
        "json",
        "yml",
        "yaml",
        "toml",
        "ini",
        "cfg",
        "conf",
        "env",
        "xml",
        "html",
        "css",
        "lock",
        "log",
        "sql",
        "csv",
        "tsx",
        "jsx",
        "kt",
        "c",
        "h",
        "cpp",
    ]
)


@dataclass(frozen=True, slots=True)
class _Told:
    """What all events of one document share; `seen` counts occurrences of a leak, `own` names findings (by `id`) that are own secrets."""

    described: Described
    place: Place
    document_id: str
    blob: str
    own: Mapping[int, tuple[str, ...]]
    seen: Counter[str] = field(default_factory=Counter)


class EventMaker:
    """Turns the findings of one document into events. One per thread."""

    def __init__(
        self,
        keys: KeyRing,
        redactor: redact.Redactor,
        seals: Seals | None = None,
        own: OwnSecrets | None = None,
    ) -> None:
        self._keys = keys
        self._redactor = redactor
        self._seals = seals
        self._own = own

    def events(self, document: Document, findings: Sequence[Finding], *, now: float) -> list[FindingEvent]:
        """In the order of `findings`. Of a document in parts each finding is told once: by the part that has it whole first."""
        findings, named = self._named(findings)
        described = Described(document, findings, self._keys, self._redactor)
        if not described.findings:
            return []
        repeats = described.repeats
        told = _Told(
            described=described,
            place=self._place(document, repeats),
            document_id=self._redactor.text(document.id, repeats),
            blob=document.blob_sha or blob_sha(document.content),
            own=named,
        )
        made = [self._event(document, finding, told, now) for finding in described.findings]
        if self._seals is None:
            return made
        return [
            self._seals.event(document, finding, event)
            for finding, event in zip(described.findings, made, strict=True)
        ]

    def _named(self, findings: Sequence[Finding]) -> tuple[Sequence[Finding], Mapping[int, tuple[str, ...]]]:
        """The findings, with those that are own secrets told as such, and the names of these."""
        if self._own is None:
            return findings, {}
        told: list[Finding] = []
        named: dict[int, tuple[str, ...]] = {}
        for finding in findings:
            names = self._own.names(finding)
            told.append(self._own.owned(finding) if names else finding)
            if names:
                named[id(told[-1])] = names
        return told, named

    def sighting(self, document: Document) -> Sighting:
        """Of a document that is known: where its blob stands now. Its names pass the redactor as all others."""
        return Sighting(
            source=document.source,
            blob_sha=document.blob_sha,
            seen_at=document.fetched_at,
            published_at=document.published_at,
            place=self._place(document, redact.repeats_of(())),
            trace_id=document.trace_id,
            history=document.history,
        )

    def _place(self, document: Document, repeats: Repeats) -> Place:
        raw = document.provenance
        name, _, domain = raw.author_email.rpartition("@")
        named = name and _DOMAIN.fullmatch(domain)
        clean: dict[str, Any] = {name: self._redactor.text(getattr(raw, name), repeats) for name in _TEXTS}
        return Place(
            **clean,
            author_email_hash=self._keys.digest("author", raw.author_email.lower().encode()) if name else "",
            author_email_domain=self._redactor.text(domain.lower(), repeats) if named else "",
        )

    def _event(self, document: Document, finding: Finding, told: _Told, now: float) -> FindingEvent:
        rule, raw = finding.rule, document.provenance
        described = told.described.of(finding)
        if cut_dump(document, finding):
            occurrence = 0
        elif document.offset or document.more:  # it must not hang on where the text was cut
            occurrence = described.own_line
        else:
            occurrence = told.seen[described.fingerprint]
            told.seen[described.fingerprint] += 1
        near = told.described.near(finding)
        return FindingEvent(
            leak=described.leak,
            place_id=place_id(
                forge=raw.forge,
                where=raw.repository or raw.url,
                blob_sha=told.blob,
                path=raw.path,
                leak=described.fingerprint,
                occurrence=occurrence,
            ),
            rule=rule.id,
            provider=rule.provider,
            family=rule.family,
            title=rule.title,
            severity=finding.severity,
            confidence=finding.confidence,
            verdict=finding.proof.verdict,
            check=finding.proof.check,
            preview=described.preview,
            snippet=described.snippet,
            source=document.source,
            document_id=told.document_id,
            matched_at=now,
            fetched_at=document.fetched_at,
            published_at=document.published_at,
            trace_id=document.trace_id,
            mode=document.mode,
            place=replace(
                told.place,
                line=described.line,
                column=described.column,
                start=described.start,
                end=described.end,
            ),
            blob_sha=told.blob,
            facts={
                name: self._redactor.text(value, told.described.repeats)
                for name, value in facts(finding, now=now).items()
            },
            set_id=finding.set_id,
            parts=tuple(part.rule_id for part in finding.parts),
            decoded=finding.decoded,
            syntax=finding.syntax,
            records=finding.records,
            weak=described.weak,
            hosts=_hosts(near),
            emails=tuple(dict.fromkeys(d.lower() for d in _EMAIL.findall(near)))[:_AT_MOST],
            revoke=rule.how_to_revoke,
            own=told.own.get(id(finding), ()),
            history=document.history,
        )


_TEXTS: Final = ("forge", "repository", "owner", "url", "commit", "ref", "path", "title", "author")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,18}", re.IGNORECASE)


def _hosts(text: str) -> tuple[str, ...]:
    """Host names, lower case; what looks like a file name or an attribute chain is left out."""
    found = dict.fromkeys(
        host
        for host in (h.lower() for h in _HOST.findall(text))
        if host.rpartition(".")[2] not in _FILE_ENDINGS
    )
    return tuple(found)[:_AT_MOST]
