"""The last place where plain text exists: what leaves here shows no secret.

A preview shows the public prefix of a token and its last two characters, if at least 20 random ones stay hidden; else length and
class only. A snippet and every text of the metadata are masked for every match in them, and for every literal repetition of a
secret that was found anywhere in the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol
from urllib.parse import unquote_to_bytes

from detectors import Finding, expressions
from detectors.model import Kind, Rule

MASK: Final = b"*****"
_HIDDEN_AT_LEAST: Final = 20
_SNIPPET: Final = 160
_SHORTEST_REPEATED: Final = 4  # a shorter secret (a PIN) masks its own span only: its digits stand everywhere


class Finds(Protocol):
    """The part of the scanner that redaction needs."""

    def scan(self, data: bytes) -> Sequence[Finding]: ...

    def candidates(self, data: bytes) -> Sequence[Finding]:
        """Also what is reported only as a part of a set."""


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
    """Everything of the document that is a secret or a part of a set, merged and sorted."""
    raw = sorted(
        [(f.start, f.end) for f in findings] + [(p.start, p.end) for f in findings for p in f.parts],
    )
    merged: list[tuple[int, int]] = []
    for start, end in raw:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def secrets_of(findings: Iterable[Finding]) -> tuple[bytes, ...]:
    """Every plain value that was found, longest first, so that a repetition of one is masked whole."""
    values = {f.secret for f in findings} | {p.secret for f in findings for p in f.parts}
    return tuple(sorted((v for v in values if len(v) >= _SHORTEST_REPEATED), key=len, reverse=True))


def snippet(content: bytes, start: int, hidden: Sequence[tuple[int, int]], secrets: Sequence[bytes]) -> str:
    """The line at `start`, at most 160 bytes around it, with every match masked."""
    begin = max(content.rfind(b"\n", 0, start) + 1, start - _SNIPPET // 2)
    stop = content.find(b"\n", start)
    stop = min(len(content) if stop < 0 else stop, begin + _SNIPPET)
    return masked(content, begin, stop, hidden, secrets)


def masked(
    content: bytes, begin: int, stop: int, hidden: Sequence[tuple[int, int]], secrets: Sequence[bytes]
) -> str:
    """content[begin:stop] as text, with spans of `hidden` and repetitions of `secrets` replaced. Never cuts a secret open: a
    span that only begins or ends in here is masked where it shows.
    """
    out: list[bytes] = []
    at = begin
    for start, end in hidden:
        if end <= begin or start >= stop:
            continue
        out += (content[at : max(start, begin)], MASK)
        at = max(at, end)
    if at < stop:
        out.append(content[at:stop])
    text = b"".join(out)
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text.decode("utf-8", "replace").strip("\r\n")


class Redactor:
    """Knows everything of a text that must not be shown. One per thread (it scans)."""

    def __init__(self, scanner: Finds) -> None:
        self._scanner = scanner

    def hidden(self, content: bytes, findings: Sequence[Finding]) -> list[tuple[int, int]]:
        """Spans of `content` to mask: its findings, and what was found but is reported only as a part of a set."""
        return spans([*findings, *self._scanner.candidates(content)])

    def text(self, value: str, secrets: Sequence[bytes]) -> str:
        """`value` with every match and every secret of the document masked.

        A value that hides a secret by percent-encoding is masked whole: its spans do not map back.
        """
        if not value:
            return value
        raw = value.encode("utf-8", "surrogatepass")
        plain = unquote_to_bytes(raw)
        if plain != raw and (
            self.hidden(plain, self._scanner.scan(plain)) or any(s in plain for s in secrets)
        ):
            return MASK.decode()
        return masked(raw, 0, len(raw), self.hidden(raw, self._scanner.scan(raw)), secrets)
