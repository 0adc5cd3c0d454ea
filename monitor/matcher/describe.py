"""One document with its findings: which leak each is, where it stands and what of it may be shown. Stated once, for the events of the
service and the lines of a scan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from detectors import Finding
from detectors.canonical import canonical, guessed
from detectors.filters import estimate_bits
from monitor.contracts import Document
from monitor.identity import WEAK_BELOW_BITS, KeyRing
from monitor.matcher import redact
from monitor.matcher.lines import Positions
from monitor.matcher.parts import cut_dump, own


@dataclass(frozen=True, slots=True)
class Description:
    """A finding without its plain text. `line` and `column` count from 1 (in a diff: of the file it speaks of), `own_line` is that of
    the text itself; `start` and `end` are bytes of the whole text, of which the document may be a part.
    """

    leak: Mapping[str, str]  # key id -> fingerprint, the current key's first
    weak: bool  # the fingerprint includes the scope
    line: int
    column: int
    own_line: int
    start: int
    end: int
    preview: str
    snippet: str

    @property
    def fingerprint(self) -> str:
        """The leak's identity under the current key."""
        return next(iter(self.leak.values()))


def facts(finding: Finding, *, now: float) -> dict[str, str]:
    """What the value says of itself, never a part of it; `expired` at `now` (seconds since 1970) where it carries its end, and what
    its credential lacks. Not yet redacted: a fact is a stranger's text.
    """
    told = dict(finding.proof.facts)
    if end := told.get("expires_at", ""):
        told["expired"] = _expired(end, now)
    if finding.missing:
        told["missing"] = ", ".join(finding.missing)
    return {name: value for name, value in told.items() if value}


def _expired(end: str, now: float) -> str:
    try:
        return "yes" if datetime.fromisoformat(end).timestamp() < now else "no"
    except (ValueError, OverflowError):
        return "no" if end == "never" else ""


class Described:
    """What may be told of one document. For one thread (the redactor scans)."""

    def __init__(
        self, document: Document, findings: Sequence[Finding], keys: KeyRing, redactor: redact.Redactor
    ) -> None:
        """Of a document in parts `self.findings` are those that this part tells of."""
        self.findings = own(document, findings)
        self.repeats = redact.repeats_of(self.findings)
        self._document = document
        self._keys = keys
        content = document.content
        self._hidden = redactor.hidden(content, self.findings, self.repeats, more=document.more)
        self._positions = Positions(
            content, first_line=document.line, diff=document.media_type == "text/x-diff"
        )

    def of(self, finding: Finding) -> Description:
        """Asked in the order of `findings` all answers together cost one look at the text."""
        document, rule = self._document, finding.rule
        bits = estimate_bits(guessed(rule, finding.secret), rule)
        identity = canonical(rule, finding.secret)
        if cut_dump(document, finding):  # each part has other lines: only the document is the same
            bits, identity = WEAK_BELOW_BITS, b"document\0" + (document.blob_sha or document.id).encode()
        scope = finding.scope or document.provenance.owner.lower().encode()
        line, column = self._positions.of(finding.start)
        return Description(
            leak=self._keys.leak(rule.family, identity, bits=bits, scope=scope),
            weak=bits < WEAK_BELOW_BITS,
            line=line,
            column=column,
            own_line=self._positions.own_line(finding.start),
            start=document.offset + finding.start,
            end=document.offset + finding.end,
            preview=redact.preview(rule, finding.secret),
            snippet=redact.snippet(document.content, finding.start, self._hidden),
        )

    def near(self, finding: Finding) -> str:
        """What stands within 512 bytes of it, masked."""
        return redact.near(self._document.content, finding, self._hidden)
