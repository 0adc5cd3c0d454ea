"""Evidence of a finding for those who respond to it, sealed in the scanning process: the last place where its plain text exists.

Sealed is only what `[watch]` could say is ours: nobody is to hoard other people's secrets on the bus, encrypted or not. And never personal data,
one number or a dump: of that counts are kept, no content. What is inside, after `age -d`, is one JSON object in ASCII:

    leakstream          1, the version of this object
    leak, place, rule   the finding's fingerprint, its place's id, its rule
    source, found_at    who found it, when it was fetched (epoch seconds)
    where               forge, repository, owner, url, commit, ref, path, title, author, author_email: as published, nothing masked
    line, start, end    where the secret stands in it
    secret              the value; `secret_hex` beside it when it is no text; `cut`: its whole length where only the beginning is here
    parts               [{rule, secret …}]: the further members of a credential set
    around              what stands around it, line by line
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final, Protocol

from detectors import Finding
from detectors.model import Kind, Rule
from monitor.contracts import Document, FindingEvent
from monitor.sealing import LARGEST, Sealer

_PERSONAL: Final = ("pii-", "data-dump-")  # begin the rules of personal data
_SECRET: Final = 16 * 1024  # bytes: the longest private key
_PARTS: Final = 8
_PART: Final = 1024
_TEXT: Final = 1024  # characters of one text of the place
_DOCUMENT: Final = 20  # findings of one document
_BURST: Final = 5.0  # seconds' worth that may come at once
_ROOM: Final = LARGEST - 16 * 1024  # of plain text: what age and 16 recipients add is less than the rest


class Seals(Protocol):
    """What the maker of events needs of this module."""

    def event(self, document: Document, finding: Finding, event: FindingEvent) -> FindingEvent:
        """The event, with its evidence if it is to have some."""


def is_personal(rule: Rule) -> bool:
    """Whether what it finds is people's data, whoever's credential may be among it."""
    return rule.kind is Kind.RECORDS or rule.id.startswith(_PERSONAL)


class EvidenceMaker:
    """One a scanning process. `dropped` counts what went without: `seal_budget`, `seal_size`."""

    def __init__(
        self,
        sealer: Sealer,
        is_ours: Callable[[FindingEvent], bool],
        *,
        context_bytes: int,
        per_second: float,
        clock: Callable[[], float],
    ) -> None:
        """`is_ours`: whether `[watch]` names anything of it, proved or claimed. `clock`: seconds, of any beginning."""
        self._sealer = sealer
        self._is_ours = is_ours
        self._context = context_bytes
        self._clock = clock
        self._per_second = per_second
        self._level = self._most = max(1.0, per_second * _BURST)
        self._at = clock()
        self._document = b""  # its key, not itself: plain text is not kept longer than its job
        self._done = 0  # of this document
        self.dropped: Counter[str] = Counter()

    def event(self, document: Document, finding: Finding, event: FindingEvent) -> FindingEvent:
        if is_personal(finding.rule) or not self._is_ours(event):
            return event
        if not self._may(document):
            self.dropped["seal_budget"] += 1
            return event
        plain = self._plain(document, finding, event)
        if plain is None:
            self.dropped["seal_size"] += 1
            return event
        sealed = base64.b64encode(self._sealer.seal(plain)).decode("ascii")
        return replace(event, sealed=sealed, sealed_to=self._sealer.names)

    def _may(self, document: Document) -> bool:
        if document.key != self._document:
            self._document, self._done = document.key, 0
        now = self._clock()
        self._level = min(self._most, self._level + max(0.0, now - self._at) * self._per_second)
        self._at = now
        if self._done >= _DOCUMENT or self._level < 1.0:
            return False
        self._level -= 1.0
        self._done += 1
        return True

    def _plain(self, document: Document, finding: Finding, event: FindingEvent) -> bytes | None:
        """None when it is too large even without its surroundings."""
        told: dict[str, Any] = {
            "leakstream": 1,
            "leak": event.fingerprint,
            "place": event.place_id,
            "rule": event.rule,
            "title": event.title,
            "source": event.source,
            "found_at": event.fetched_at,
            "where": {name: text[:_TEXT] for name, text in asdict(document.provenance).items() if text},
            "line": event.place.line,
            "start": event.place.start,
            "end": event.place.end,
            **_value(finding.secret, _SECRET),
            "parts": [{"rule": p.rule_id, **_value(p.secret, _PART)} for p in finding.parts[:_PARTS]],
        }
        for context in (self._context, 0):
            plain = _written({**told, "around": _around(document.content, finding, context)})
            if len(plain) <= _ROOM:
                return plain
        return None


def _value(secret: bytes, limit: int) -> Mapping[str, Any]:
    shown = secret[:limit]
    value: dict[str, Any] = {"secret": _text(shown)}
    if value["secret"].encode() != shown:
        value["secret_hex"] = shown.hex()
    if len(secret) > limit:
        value["cut"] = len(secret)
    return value


def _around(content: bytes, finding: Finding, context: int) -> list[str]:
    """At most `context` bytes, half of them before the secret and half behind it, and the secret's own place between them."""
    if not context:
        return []
    stop = min(finding.end, finding.start + _SECRET)
    return _text(content[max(0, finding.start - context // 2) : stop + context // 2]).splitlines()


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _written(told: Mapping[str, Any]) -> bytes:
    """ASCII, a line a field and a line of text: it is going to be read on a terminal, and half of it is a stranger's. (The standard
    library's own indenting takes as long as the sealing.)
    """
    return (
        "{\n" + ",\n".join(f"  {_json(name)}: {_lines(value)}" for name, value in told.items()) + "\n}\n"
    ).encode("ascii")


def _lines(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n    " + ",\n    ".join(map(_json, value)) + "\n  ]"
    return _json(value)


_json: Final = json.JSONEncoder(ensure_ascii=True).encode
