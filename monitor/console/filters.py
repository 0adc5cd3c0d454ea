"""The list's filter as it stands in a URL: `state`, `severity`, `owned` and `mode` (the last three several each), `rule`, `source`, `within`,
`q`, `after`, `limit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import urlencode

from multidict import MultiMapping

from detectors.model import Severity
from monitor.contracts import Mode
from monitor.store.queries import Filter

STATES: Final = ("open", "closed", "all")
SEVERITIES: Final = tuple(severity.value for severity in reversed(Severity))
LEVELS: Final = ("proved", "claimed", "none")
MODES: Final = tuple(mode.value for mode in Mode)
# how long ago it was seen last at the most, seconds
WITHIN: Final[Mapping[str, float]] = {"1h": 3600.0, "24h": 86_400.0, "7d": 604_800.0, "30d": 2_592_000.0}
_LIMIT: Final = 50
_LARGEST: Final = 500
_LONGEST_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked query. Without `owned` the list has what is ours by proof or claim, without `mode` no drills."""

    state: str = "open"
    severities: tuple[str, ...] = ()
    levels: tuple[str, ...] = ("proved", "claimed")
    modes: tuple[str, ...] = ()
    rule: str = ""
    source: str = ""
    within: str = ""
    text: str = ""
    after: str = ""
    limit: int = _LIMIT

    def filter(self, now: float) -> Filter:
        """`now`: epoch seconds, for `within`."""
        return Filter(
            state="" if self.state == "all" else self.state,
            severities=self.severities,
            levels=self.levels,
            modes=self.modes,
            rule=self.rule,
            source=self.source,
            since=now - WITHIN[self.within] if self.within else 0.0,
            text=self.text,
        )

    @property
    def is_narrow(self) -> bool:
        """Whether anything is asked for beyond what stands in sight."""
        return bool(self.modes or self.rule or self.source or self.within)

    @property
    def has_counts(self) -> bool:
        """Whether the counts of words are those of this list: none are kept of texts and times."""
        return not (self.text or self.within)

    def query(self) -> str:
        """What stands behind the question mark, from the list's beginning on."""
        pairs = [("state", self.state), ("q", self.text), ("rule", self.rule), ("source", self.source)]
        pairs += [("within", self.within), ("limit", str(self.limit) if self.limit != _LIMIT else "")]
        pairs += [("severity", name) for name in self.severities] + [("owned", name) for name in self.levels]
        pairs += [("mode", name) for name in self.modes]
        return urlencode([(key, value) for key, value in pairs if value])

    def url(self, after: str) -> str:
        """The page that begins at the cursor `after`."""
        more = "&" + urlencode({"after": after}) if after else ""
        return f"/exposures?{self.query()}{more}"

    def first(self) -> Self:
        """The list's first page."""
        return replace(self, after="")


def parse(query: MultiMapping[str]) -> Wanted:
    """Raises ValueError with a sentence that names the wrong word."""
    limit = query.get("limit", str(_LIMIT))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= _LARGEST):
        raise ValueError(f"limit is a number from 1 to {_LARGEST}")
    within = query.get("within", "")
    return Wanted(
        state=_one_of("state", query.get("state", "open"), STATES),
        severities=tuple(_one_of("severity", name, SEVERITIES) for name in query.getall("severity", [])),
        levels=tuple(_one_of("owned", name, LEVELS) for name in query.getall("owned", [])) or Wanted().levels,
        modes=tuple(_one_of("mode", name, MODES) for name in query.getall("mode", [])),
        rule=query.get("rule", "").strip()[:_LONGEST_TEXT],
        source=query.get("source", "").strip()[:_LONGEST_TEXT],
        within=_one_of("within", within, tuple(WITHIN)) if within else "",
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
    "mode": MODES,
    "within": tuple(WITHIN),
}
