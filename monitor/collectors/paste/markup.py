"""HTML pages of strangers: parsed within a bound of work, and read with CSS selectors. Pure, but slow for long pages.

The parser (Lexbor, by selectolax) takes quadratic time for deep nesting, and misnested formatting makes it copy elements. So the
work is estimated first, by one linear look at the tags: the sum of the elements that are open at each. A page that needs more than
any real one is refused unparsed.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from monitor.collectors.htmltext import to_text

_MOST_WORK: Final = 4_000_000  # open elements, summed over all tags; a list of 10,000 rows has about 300,000
_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]{0,40})")
# without content, or ended by the next of their kind
_NO_DEPTH: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li", "td", "th", "tr", "option", "dt", "dd", "thead", "tbody", "tfoot", "html", "head", "body"]
)  # fmt: skip
_ATTRIBUTE: Final = re.compile(r"[A-Za-z_][\w:-]*")


class TooComplex(ValueError):
    """The page would take the parser too long."""


def check_selector(selector: str) -> None:
    """Raises ValueError unless it is CSS, `@attribute`, or both."""
    css, attribute = _split(selector)
    if not css and not attribute:
        raise ValueError("a CSS selector is expected")
    try:
        if css:
            LexborHTMLParser("<p></p>").css(css)
    except SelectolaxError:
        raise ValueError(f"{css!r} is no CSS selector") from None


def parse(page: str) -> LexborNode | None:
    """The whole page; None for an empty one. Raises TooComplex."""
    if _work(page) > _MOST_WORK:
        raise TooComplex
    return LexborHTMLParser(page.encode("utf-8", "replace")).root


def all_of(node: LexborNode, selector: str) -> list[LexborNode]:
    """The elements inside `node` that fit."""
    css, _ = _split(selector)
    return list(node.css(css)) if css else [node]


def value_of(node: LexborNode, selector: str) -> str:
    """The text or attribute of the first that fits inside `node`, without blanks around it; "" when there is none."""
    if not selector:
        return ""
    css, attribute = _split(selector)
    found = node.css_first(css) if css else node
    if found is None:
        return ""
    return ((found.attributes.get(attribute) or "") if attribute else found.text()).strip()


def text_of(page: str, selector: str) -> str | None:
    """What people read in the elements that fit, and where its links lead; None when nothing fits. Raises TooComplex."""
    root = parse(page)
    found = all_of(root, selector) if root is not None else []
    return "\n".join(to_text(node.html or "") for node in found) if found else None


def _split(selector: str) -> tuple[str, str]:
    """`a.title@href` as CSS and attribute: an `@` in brackets or quotes belongs to the CSS."""
    css, at, attribute = selector.rpartition("@")
    if at and _ATTRIBUTE.fullmatch(attribute):
        return css.strip(), attribute.lower()
    return selector.strip(), ""


def _work(page: str) -> int:
    open_now: Counter[str] = Counter()
    depth = work = 0
    for tag in _TAG.finditer(page):
        name = tag[2].lower()
        work += depth + 1
        if work > _MOST_WORK:
            break
        if name in _NO_DEPTH:
            continue
        if not tag[1]:
            open_now[name] += 1
            depth += 1
        elif open_now[name]:
            open_now[name] -= 1
            depth -= 1
    return work
