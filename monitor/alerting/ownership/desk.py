"""What is watched, for people: the lists, and whose something would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor.alerting.ownership.matching import Ownership
from monitor.alerting.ownership.reasons import reason_text
from monitor.alerting.ownership.settings import LISTS, WatchSettings
from monitor.contracts import Place

_PERSONAL: Final = frozenset({"users"})  # a person's name is for those who configure it
_COUNTED: Final = frozenset({"fingerprints"})  # digests say nothing to anybody


class WatchDesk:
    """Immutable, no I/O. Thread-safe."""

    def __init__(self, watch: WatchSettings, ownership: Ownership) -> None:
        self._watch = watch
        self._ownership = ownership

    def lists(self) -> Mapping[str, Mapping[str, Any]]:
        """List -> count, masked (whether entries are shown by their first letter only) and entries; of keyed hashes the count alone."""
        return {name: self._list(name, getattr(self._watch, name)) for name in LISTS}

    def whose(
        self,
        place: Place,
        *,
        source: str,
        facts: Mapping[str, str],
        hosts: Sequence[str],
        emails: Sequence[str],
        text: str,
    ) -> Mapping[str, Any]:
        """level, score and reasons (each with its `text`) of a credential that stood there."""
        found = self._ownership.assess(
            place, source=source, facts=facts, hosts=hosts, emails=emails, snippet=text
        )
        return {
            "level": found.level.value,
            "score": found.score,
            "reasons": [{**each, "text": reason_text(each)} for each in found.reasons],
        }

    @staticmethod
    def _list(name: str, entries: Sequence[str]) -> Mapping[str, Any]:
        shown = () if name in _COUNTED else entries
        if name in _PERSONAL:
            shown = [_masked(entry) for entry in entries]
        return {"count": len(entries), "masked": name in _PERSONAL, "entries": list(shown)}


def _masked(entry: str) -> str:
    """`github.com/alice` as `github.com/a…`."""
    forge, slash, name = entry.rpartition("/")
    return f"{forge}{slash}{name[:1]}…"
