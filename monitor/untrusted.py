"""One door for foreign strings on their way to a person: a title, a path, an author line that somebody else wrote.

Control and bidirectional characters are shown escaped, nothing becomes a mention, a link or a formula.
"""

from __future__ import annotations

import html
import re
import unicodedata
from enum import StrEnum
from typing import Final

_HIDDEN: Final = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~@])")


class Sink(StrEnum):
    """Where the text goes."""

    TERMINAL = "terminal"
    HTML = "html"
    SLACK = "slack"
    MARKDOWN = "markdown"
    CSV = "csv"
    PLAIN = "plain"  # JSON values, labels


def untrusted(text: str, sink: Sink, *, limit: int = 300) -> str:
    """`text` made harmless for `sink`, at most `limit` characters of it (an ellipsis marks the cut)."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if not (text.isascii() and text.isprintable()):  # most texts are: 20 times faster
        text = "".join(_visible(c) for c in text)
    match sink:
        case Sink.HTML:
            return html.escape(text, quote=True)
        case Sink.SLACK:
            # the three that Slack asks for; a zero-width space keeps @here and bare hosts from becoming mentions or links
            text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            return text.replace("@", "@\u200b").replace("://", ":\u200b//").replace("`", "'")
        case Sink.MARKDOWN:
            return _MARKDOWN.sub(r"\\\1", text)
        case Sink.CSV:
            return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text
        case _:
            return text


def _visible(c: str) -> str:
    if c.isascii() and c.isprintable():
        return c
    if unicodedata.category(c) in _HIDDEN:
        return f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}"
    return c
