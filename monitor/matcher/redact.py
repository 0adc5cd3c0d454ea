"""The last place where plain text exists: what leaves here shows no secret.

A preview shows the public prefix of a token and its last two characters, if at least 20 random ones stay hidden; else length and
class only. A snippet and every text of the metadata are masked for every match in them, and for every literal repetition of a
secret that was found anywhere in the document.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol
from urllib.parse import unquote_to_bytes

from detectors import Finding, expressions
from detectors.model import Kind, Part, Rule
from detectors.stats import ScanStats
from monitor.matcher.repeats import Repeats

MASK: Final = b"*****"
_HIDDEN_AT_LEAST: Final = 20
_SNIPPET: Final = 160
_NEAR: Final = 512
_MARGIN: Final = 1024  # looked at beyond what is shown: what reaches in from there is seen whole
_CHUNK: Final = 16 * 1024  # looked at in one go, so that no rule is too loud in it
_EDGE: Final = 1024  # of a part that another one follows
_PERCENT_LAYERS: Final = 3
_JUDGED: Final = 2_000  # candidates (0.1 ms each) that redaction looks at for one document; what comes behind is hidden whole


class Finds(Protocol):
    """The part of the scanner that redaction needs."""

    def scan(self, data: bytes) -> Sequence[Finding]: ...

    def candidates(self, data: bytes) -> Sequence[Finding]:
        """Also what is reported only as a part of a set."""

    @property
    def last(self) -> ScanStats:
        """What the last call did."""


def preview(rule: Rule, secret: bytes) -> str:
    """`ghp_…x9` or `[24 characters: letters, digits]`."""
    prefix = _public_prefix(rule)
    if prefix and secret.startswith(prefix) and len(secret) - len(prefix) - 2 >= _HIDDEN_AT_LEAST:
        return f"{prefix.decode('ascii')}…{_printable(secret[-2:])}"
    return f"[{len(secret)} characters: {_classes(secret)}]"


def _public_prefix(rule: Rule) -> bytes:
    """The literal that the expression itself begins with: it is printed in the rule, so it is no secret."""
    return expressions.prefix(rule.pattern) if rule.kind is Kind.TOKEN else b""


def _classes(secret: bytes) -> str:
    names = []
    if re.search(rb"[A-Za-z]", secret):
        names.append("letters")
    if re.search(rb"[0-9]", secret):
        names.append("digits")
    if re.search(rb"[^A-Za-z0-9]", secret):
        names.append("others")
    return ", ".join(names) or "empty"


def _printable(tail: bytes) -> str:
    text = tail.decode("latin-1")
    return text if text.isascii() and text.isprintable() else "**"


def spans(findings: Iterable[Finding]) -> list[tuple[int, int]]:
    """Where the secrets and the parts of sets stand."""
    return [(each.start, each.end) for each in _values(findings)]


def repeats_of(findings: Iterable[Finding]) -> Repeats:
    """Every plain value that was found."""
    return Repeats(each.secret for each in _values(findings))


def _values(findings: Iterable[Finding]) -> Iterator[Finding | Part]:
    for finding in findings:
        yield finding
        yield from finding.parts


def merged(raw: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, and those that touch as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(raw):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _around(findings: Sequence[Finding], margin: int, length: int) -> list[tuple[int, int]]:
    return merged([(max(0, f.start - margin), min(length, f.end + margin)) for f in findings])


def _outside(
    looked: Iterable[tuple[int, int]], hidden: Iterable[tuple[int, int]], margin: int
) -> Iterator[tuple[int, int]]:
    """`looked` without the inside of `hidden` (both sorted, disjoint): a dump is masked whole, whatever stands in it. Its outermost
    `margin` bytes are looked at, since a value may begin in there and go on behind.
    """
    inner = [(start + margin, end - margin) for start, end in hidden if end - start > 2 * margin]
    at = 0
    for begin, stop in looked:
        left = begin
        while at < len(inner) and inner[at][1] <= left:
            at += 1
        for start, end in inner[at:]:
            if start >= stop:
                break
            if left < start:
                yield left, start
            left = max(left, end)
        if left < stop:
            yield left, stop


def snippet(content: bytes, start: int, hidden: Sequence[tuple[int, int]]) -> str:
    """The line at `start`, at most 160 bytes around it, with everything hidden masked."""
    begin = max(content.rfind(b"\n", max(0, start - _SNIPPET), start) + 1, start - _SNIPPET // 2)
    stop = content.find(b"\n", start, begin + _SNIPPET)
    return masked(content, begin, min(len(content), begin + _SNIPPET) if stop < 0 else stop, hidden)


def near(content: bytes, finding: Finding, hidden: Sequence[tuple[int, int]]) -> str:
    """What stands within 512 bytes of the finding, with everything hidden masked."""
    return masked(content, max(0, finding.start - _NEAR), min(len(content), finding.end + _NEAR), hidden)


def masked(content: bytes, begin: int, stop: int, hidden: Sequence[tuple[int, int]]) -> str:
    """content[begin:stop] as text, with the spans of `hidden` (sorted, disjoint) replaced. Never cuts a secret open: a span that
    only begins or ends in here is masked where it shows.
    """
    out: list[bytes] = []
    at = begin
    for start, end in hidden[bisect_right(hidden, begin, key=_end) :]:
        if start >= stop:
            break
        out += (content[at : max(start, begin)], MASK)
        at = end
    out.append(content[at:stop])
    return b"".join(out).decode("utf-8", "replace").strip("\r\n")


def _end(span: tuple[int, int]) -> int:
    return span[1]


class Redactor:
    """Knows everything of a text that must not be shown. One per thread (it scans)."""

    def __init__(self, scanner: Finds) -> None:
        self._scanner = scanner

    def hidden(
        self, content: bytes, findings: Sequence[Finding], repeats: Repeats, *, more: bool = False
    ) -> list[tuple[int, int]]:
        """Spans to mask wherever something near `findings` is shown: all that was found, what is reported only as a part of a
        set, repetitions, and with `more` (another part follows) the end, where a secret may be cut open. Sorted, disjoint.
        """
        raw = spans(findings)
        wide = merged(raw)
        if more:
            raw.append((max(0, len(content) - _EDGE), len(content)))
        for begin, end in _outside(
            _around(findings, _NEAR + repeats.longest, len(content)), wide, repeats.longest
        ):
            raw += repeats.spans(content, begin, end)
        judged = 0
        for begin, end in _outside(_around(findings, _NEAR + _MARGIN, len(content)), wide, _MARGIN):
            for at in range(begin, end, _CHUNK):
                stop = min(end, at + _CHUNK + 2 * _MARGIN)
                if judged > _JUDGED:
                    raw.append((at, stop))
                    continue
                found = self._candidates(content, at, stop)
                judged += len(found) + self._scanner.last.dropped.total()
                raw += found
        return merged(raw)

    def _candidates(self, content: bytes, begin: int, end: int) -> list[tuple[int, int]]:
        """Everything that any rule takes for a value. Too much to look at is hidden whole."""
        found = spans(self._scanner.candidates(content[begin:end]))
        dropped = self._scanner.last.dropped
        if dropped["loud_rule"] or dropped["own_budget"]:
            return [(begin, end)]
        return [(begin + start, begin + stop) for start, stop in found]

    def text(self, value: str, repeats: Repeats) -> str:
        """`value` with every match and every secret of the document masked.

        A value that hides a secret by percent-encoding is masked whole: its spans do not map back.
        """
        if not value:
            return value
        raw = value.encode("utf-8", "surrogatepass")
        plain, layers = raw, 0
        while (inner := unquote_to_bytes(plain)) != plain:
            plain, layers = inner, layers + 1
            if layers > _PERCENT_LAYERS or self._of_text(plain, repeats):
                return MASK.decode()
        return masked(raw, 0, len(raw), self._of_text(raw, repeats))

    def _of_text(self, raw: bytes, repeats: Repeats) -> list[tuple[int, int]]:
        found = spans(self._scanner.scan(raw))
        if self._scanner.last.hits:  # else no rule saw anything in it
            found += self._candidates(raw, 0, len(raw))
        return merged([*found, *repeats.spans(raw, 0, len(raw))])
