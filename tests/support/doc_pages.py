"""The Markdown of the repository as the tests of docs/ see it: fences with what their first line says, links, anchors, code.

A fence's first line is the language and then words: ```sh runs as it stands. `stays` is a service that goes on while the page does,
`exits=1` the status that is right, `parsed=REASON` one that cannot be run where the tests run (`REASONS` has them all).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHELLS = ("sh", "console")
REASONS = {
    "docker": "needs a container engine",
    "kubernetes": "needs a cluster of Kubernetes",
    "kafka": "needs a cluster of Kafka with TLS and an administrator",
    "root": "changes the machine: packages, services, users",
    "install": "sets a whole environment up; the other tests do it",
    "internet": "asks a server on the internet",
    "program": "needs a program that is not ours and that the tests have not",
    "terminal": "waits for a person",
    "slow": "takes most of a minute of computing; tests of the command itself run it on less",
}
_FENCE = re.compile(
    r"^(?P<mark>`{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=mark)\s*$", re.MULTILINE | re.DOTALL
)
_INDENTED = re.compile(r"^ +`{3,}", re.MULTILINE)


@dataclass(frozen=True)
class Fence:
    """A block of code. `page` is the path below the repository, `line` that of its first line."""

    page: str
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    @property
    def parsed(self) -> str:
        """Why it is not run; "" = it is."""
        return self._value("parsed") or ""

    @property
    def exits(self) -> int:
        return int(self._value("exits") or 0)

    @property
    def file(self) -> str:
        """The name of the file that it is; "" = it is none."""
        return self._value("file") or ""

    @property
    def runs(self) -> bool:
        return self.language in SHELLS and not self.parsed and not self.file

    @property
    def stays(self) -> bool:
        return "stays" in self.words

    @property
    def script(self) -> str:
        """What a shell is given: all of it, or of a `console` what stands behind `$ `."""
        return "\n".join(command for command, _ in self.commands)

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """Of a `console` each command and the lines shown behind it; of anything else the whole text."""
        if self.language != "console":
            return [(self.text, [])]
        found: list[tuple[str, list[str]]] = []
        going_on = False
        for line in self.text.splitlines():
            if going_on:
                found[-1] = (f"{found[-1][0]}\n{line}", [])
            elif line.startswith("$ "):
                found.append((line[2:], []))
            elif found and line.strip():
                found[-1][1].append(line)
            going_on = line.endswith("\\") and (going_on or line.startswith("$ "))
        return found

    def _value(self, name: str) -> str | None:
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"{name}=")), None)

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def pages() -> tuple[str, ...]:
    """Every page that people read, below the repository's folder."""
    found = [path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md"]
    found += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]
    return tuple(sorted(path.relative_to(ROOT).as_posix() for path in found))


@cache
def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def fences(page: str) -> list[Fence]:
    text = text_of(page)
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        line = text.count("\n", 0, match.start()) + 1
        found.append(Fence(page, line, language, tuple(words), match["text"]))
    return found


def prose(page: str) -> str:
    """The page without its fences."""
    return _FENCE.sub("", text_of(page))


def indented_fences(page: str) -> int:
    """How many fences stand within a list: they are not found here, so there must be none."""
    return len(_INDENTED.findall(prose(page)))


def spans(page: str) -> Iterator[str]:
    """Code within lines; one that goes over a line's end is joined."""
    for match in re.finditer(r"(?<!`)`([^`]+)`(?!`)", prose(page)):
        yield " ".join(match[1].split())


def links(page: str) -> Iterator[str]:
    """Where the page's links lead, of Markdown and of HTML; those to the web are left out."""
    bare = re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", prose(page))
    found = re.findall(r"\]\(([^)\s]+)\)", bare) + re.findall(r'(?:src|srcset|href)="([^"]+)"', bare)
    yield from (link for link in found if not re.match(r"[a-z]+:", link))


@cache
def anchors(page: str) -> frozenset[str]:
    """What a link may name behind `#`, as GitHub makes it of headings."""
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return frozenset(names)
