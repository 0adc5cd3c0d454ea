"""docs/pictures/way.svg: the way of a document through the stages. One file for light and dark, no font and nothing else to load."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from detectors import load_rules
from monitor.contracts import COVERAGE, DOCUMENTS, FINDINGS, REQUESTS, SIGHTINGS

_STYLE: Final = """\
text { font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
.name { font-weight: 600; font-size: 16px; }
.small { font-size: 12px; fill: #59636e; }
.topic { font: 12px ui-monospace, SFMono-Regular, Menlo, monospace; fill: #0550ae; }
.stage { fill: #f6f8fa; stroke: #818b98; }
.ours { fill: #ddf4ff; stroke: #0969da; }
.way { stroke: #57606a; fill: none; stroke-width: 1.5; }
.head { fill: #57606a; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .small { fill: #9198a1; }
  .topic { fill: #79c0ff; }
  .stage { fill: #151b23; stroke: #656c76; }
  .ours { fill: #0c2d4a; stroke: #388bfd; }
  .way { stroke: #9198a1; }
  .head { fill: #9198a1; }
}"""
_TEXT: Final = (
    "Sources are read by collect, which puts documents on the bus; match finds credentials in them and puts masked findings on the bus;"
    " alert makes exposures of them and tells people."
)
_HEAD: Final = (
    '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse">'
    '<path class="head" d="M0 0 L8 4 L0 8 z"/></marker>'
)
_WIDTH: Final = 1120
_HEIGHT: Final = 310
_TOP: Final = 70
_BOX: Final = 130  # height of a stage
# name, left edge, width, class, lines
_STAGES: Final = (
    ("Sources", 10, 150, "stage", ("GitHub, GitLab, Gitea", "pastes, forums", "archives, folders", "what you hand in")),
    ("collect", 230, 170, "ours", ("polls within the limits", "fetches what changed", "each text once", "counts what it missed")),
    ("match", 530, 170, "ours", ("Hyperscan, {rules:,} rules", "proves offline", "masks, fingerprints", "no network, may die")),
    ("alert", 830, 150, "ours", ("one exposure a leak", "whose is it, and why", "who is told, once", "what to do")),
)  # fmt: skip
_TOLD: Final = (("pages, tickets", 90), ("console, API", 135), ("metrics", 180))


def picture() -> str:
    """The whole SVG."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="title text">',
        '<title id="title">The way of a document</title>',
        f'<desc id="text">{_TEXT}</desc>',
        f"<style>{_STYLE}</style>",
        f"<defs>{_HEAD}</defs>",
        *_stages(),
        *_ways(),
    ]
    return "\n".join(parts) + "\n</svg>\n"


def _stages() -> Iterator[str]:
    rules = len(load_rules().rules) // 100 * 100
    for name, left, width, kind, lines in _STAGES:
        yield f'<rect class="{kind}" x="{left}" y="{_TOP}" width="{width}" height="{_BOX}" rx="8"/>'
        yield _text(left + width / 2, _TOP + 28, name, "name")
        for number, line in enumerate(lines):
            yield _text(left + width / 2, _TOP + 54 + 20 * number, line.format(rules=rules), "small")


def _ways() -> Iterator[str]:
    middle = _TOP + _BOX / 2
    yield _arrow(160, middle, 228, middle)
    yield _text(194, middle - 10, "poll, fetch", "small")
    for left, right, topic, what, term in (
        (400, 528, DOCUMENTS, "text as published", "24 h, then gone"),
        (700, 828, FINDINGS, "masked, keyed", "48 h"),
    ):
        yield _arrow(left, middle, right, middle)
        yield _text((left + right) / 2, middle - 10, topic, "topic")
        yield _text((left + right) / 2, middle + 20, what, "small")
        yield _text((left + right) / 2, middle + 36, term, "small")
    for what, y in _TOLD:
        yield _arrow(980, y, 1008, y)
        yield f'<text x="1014" y="{y + 5}">{escape(what)}</text>'
    high = 36
    yield f'<path class="way" d="M315 {_TOP} V{high} H905 V{_TOP - 2}" marker-end="url(#head)"/>'
    yield _text(
        610,
        high - 8,
        f"{SIGHTINGS}: a known text at one more place  ·  {COVERAGE}: what was seen and what was not",
        "topic",
    )
    low = _TOP + _BOX + 45
    yield f'<path class="way" d="M905 {_TOP + _BOX} V{low} H315 V{_TOP + _BOX + 2}" marker-end="url(#head)"/>'
    yield _text(610, low + 20, f"{REQUESTS}: look again, fill a gap, read a repository whole", "topic")
    yield _text(
        610, low + 52, "Every arrow between stages is a durable bus: a file on one host, Kafka on many. An offset moves after the work is stored.", "small",
    )  # fmt: skip


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="middle">{escape(text)}</text>'


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path class="way" d="M{x1:g} {y1:g} L{x2:g} {y2:g}" marker-end="url(#head)"/>'
