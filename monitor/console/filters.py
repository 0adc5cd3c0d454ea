"""The list's filter as it stands in a URL: `state`, `severity` and `owned` (several each), `q`, `after`, `limit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from multidict import MultiMapping

from detectors.model import Severity
from monitor.store.queries import Filter

STATES: Final = ("open", "closed", "all")
SEVERITIES: Final = tuple(severity.value for severity in reversed(Severity))
LEVELS: Final = ("proved", "claimed", "none")
_LIMIT: Final = 50
_LARGEST: Final = 500
_LONGEST_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked query. Without `owned` the list has what is ours by proof or claim."""

    state: str = "open"
    severities: tuple[str, ...] = ()
    levels: tuple[str, ...] = ("proved", "claimed")
    text: str = ""
    after: str = ""
    limit: int = _LIMIT

    @property
    def filter(self) -> Filter:
        return Filter(
            state="" if self.state == "all" else self.state,
            severities=self.severities,
            levels=self.levels,
            text=self.text,
        )

    def url(self, after: str) -> str:
        """The page that begins at the cursor `after`."""
        pairs = [("state", self.state), ("q", self.text), ("after", after), ("limit", str(self.limit))]
        pairs += [("severity", name) for name in self.severities] + [("owned", name) for name in self.levels]
        return "/exposures?" + urlencode([(key, value) for key, value in pairs if value])


def parse(query: MultiMapping[str]) -> Wanted:
    """Raises ValueError with a sentence that names the wrong word."""
    limit = query.get("limit", str(_LIMIT))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= _LARGEST):
        raise ValueError(f"limit is a number from 1 to {_LARGEST}")
    return Wanted(
        state=_one_of("state", query.get("state", "open"), STATES),
        severities=tuple(_one_of("severity", name, SEVERITIES) for name in query.getall("severity", [])),
        levels=tuple(_one_of("owned", name, LEVELS) for name in query.getall("owned", [])) or Wanted().levels,
        text=query.get("q", "").strip()[:_LONGEST_TEXT],
        after=query.get("after", ""),
        limit=int(limit),
    )


def _one_of(key: str, value: str, words: tuple[str, ...]) -> str:
    if value not in words:
        raise ValueError(f"{key} is one of {', '.join(words)}")
    return value


CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "state": STATES,
    "severity": SEVERITIES,
    "owned": LEVELS,
}
