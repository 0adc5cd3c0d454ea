"""The text of an HTML fragment as people wrote it: what stands between tags, entities resolved, nothing collapsed or cut.

Made for posts of question-and-answer sites and forums. Spaces and line breaks stay as they are, so the inside of `<pre><code>` is
what was typed; block elements stand on lines of their own, inline elements vanish without a trace (a value with a bold part stays
whole). Where a link or a picture leads is written behind it, since a secret may stand in the address alone. Comments are text as well.
"""

from __future__ import annotations

import html
import re
from typing import Final

# Quoted values may hold ">". Nothing may hold "<": so a tag that never ends costs no more than the way to the next "<". The repeats are
# possessive: nothing is tried twice.
_TAG: Final = re.compile(r"""</?([A-Za-z][A-Za-z0-9]*+)((?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>""")
_ATTRIBUTE: Final = re.compile(
    r"""(?<![^\s"'/])(href|src|alt|title)\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++)""", re.IGNORECASE
)
# As many digits as a code point can have and some zeros: `int` takes a time that grows with the square of their number
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,12}+|#[xX][0-9A-Fa-f]{1,10}+|[A-Za-z][A-Za-z0-9]{1,31}+);?")
_LINES: Final = frozenset(
    ["address", "article", "aside", "blockquote", "body", "br", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "title", "tr", "ul"]
)  # fmt: skip
_CUT: Final = ("...", "…")  # a link's text as sites shorten it


def to_text(fragment: str) -> str:
    """Linear in the length of `fragment`, whatever it is; never raises."""
    return _Writer().write(fragment)


def unescape(text: str) -> str:
    """Entities of a text that has no tags (a title). Linear; never raises; what is no entity stays."""
    return _ENTITY.sub(_entity, text) if "&" in text else text


def _entity(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def _entity_of_attribute(match: re.Match[str]) -> str:
    # in `?a=1&copy=2` there is none
    return html.unescape(match[0]) if match[0].endswith(";") else match[0]


class _Writer:
    """For one fragment."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._links: list[tuple[str, int]] = []  # of open <a>: where it leads, where its text begins

    def write(self, fragment: str) -> str:
        at = 0
        comments = True  # whether a comment may still end: looked for once in vain, never again
        while (begin := fragment.find("<", at)) >= 0:
            self._say(unescape(fragment[at:begin]))
            if comments and fragment.startswith("<!--", begin):
                end = fragment.find("-->", begin + 4)
                if end >= 0:
                    self._line()
                    self._say(fragment[begin + 4 : end].strip())
                    self._line()
                    at = end + 3
                    continue
                comments = False
            tag = _TAG.match(fragment, begin)
            if tag is None:
                self._say("<")
                at = begin + 1
                continue
            self._tag(tag[1].lower(), tag[2], closing=fragment.startswith("</", begin))
            at = tag.end()
        self._say(unescape(fragment[at:]))
        while self._links:
            self._leave_link()
        return "".join(self._out).strip("\n")

    def _tag(self, name: str, inside: str, *, closing: bool) -> None:
        if name in _LINES:
            self._line()
        elif name in ("td", "th") and not closing:
            self._say("\t")
        if name == "a":
            if self._links:  # links do not nest: the next one ends the last
                self._leave_link()
            if not closing:
                self._links.append((_attributes(inside).get("href", ""), len(self._out)))
        elif not closing and "=" in inside:
            shown = _attributes(inside)
            told = [shown[key] for key in ("alt", "title", "src") if shown.get(key)]
            if told:
                self._say(f" {' '.join(told)} ")

    def _leave_link(self) -> None:
        target, begin = self._links.pop()
        shown = "".join(self._out[begin:])
        if not target or target == shown:
            return
        cut = next((shown.removesuffix(end) for end in _CUT if shown.endswith(end)), None)
        if cut is not None and target.startswith(cut):
            self._out[begin:] = [target]
        else:
            self._say(f" ({target})")

    def _say(self, text: str) -> None:
        if text:
            self._out.append(text)

    def _line(self) -> None:
        if self._out and not self._out[-1].endswith("\n"):
            self._out.append("\n")


def _attributes(inside: str) -> dict[str, str]:
    """Of a tag, those that are shown: the first of each name counts."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(inside):
        value = match[2]
        if value[0] in "\"'":
            value = value[1:-1]
        found.setdefault(match[1].lower(), _ENTITY.sub(_entity_of_attribute, value))
    return found
