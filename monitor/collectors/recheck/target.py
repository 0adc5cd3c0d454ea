"""What is asked about: the place that a request names, read without trust; and what may be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from monitor.collectors.shapes import text

PUBLIC: Final = "public"
CLEANED: Final = "cleaned"  # not at the head any more, but the history shows it to everybody
REMOVED: Final = "removed"  # gone, taken down, or shown to its owners only


class NoVerdict(Exception):
    """Nobody can say now. `reason` is a word out of a closed set: limited, unavailable, refused, redirected, no_way, wrong_api."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Target:
    """Texts are as they were found, redacted; "" where the place has none. `blob` is the git id of the text that held the leak."""

    forge: str
    repository: str = ""
    commit: str = ""
    ref: str = ""
    path: str = ""
    url: str = ""
    blob: str = ""


def read(target: str) -> Target | None:
    """None when it is no target."""
    try:
        raw = orjson.loads(target)
    except orjson.JSONDecodeError:
        return None
    names = ("forge", "repository", "commit", "ref", "path", "url", "blob")
    found = Target(**{name: text(raw, name) for name in names})
    return found if found.forge and (found.url or found.repository) else None
