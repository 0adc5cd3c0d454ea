"""Which rules and decoders still find what the self-test plants for them.

Kept in the store, a row a name, so that every alerting process shows the same and a restart forgets nothing: when a round last asked
for it, when the round before did, and the last planting that was found. All are the planter's times: no other clock comes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor import probing
from monitor.contracts import FindingEvent
from monitor.metrics import Metrics
from monitor.store import records

_PREFIXES: Final = (probing.of_rule(""), probing.of_decoder(""))  # in `meta`
_FORGOTTEN: Final = 48 * 3600.0  # what no round asks for any more: a rule that was taken away


@dataclass(frozen=True, slots=True)
class Trial:
    """Epoch seconds, 0.0 = never."""

    asked: float = 0.0
    before: float = 0.0  # when the round before asked
    found: float = 0.0

    def with_asked(self, at: float) -> Trial:
        return replace(self, asked=at, before=self.asked) if at > self.asked else self

    def with_found(self, at: float) -> Trial:
        return replace(self, found=max(self.found, at))

    def alive(self, now: float, patience: float) -> bool:
        """While the last planting may still be on its way, what the one before said."""
        waiting = now - self.asked <= patience
        return self.found >= (self.before if waiting else self.asked)

    @classmethod
    def read(cls, text: str) -> Trial:
        asked, before, found = map(float, text.split())
        return cls(asked, before, found)

    def __str__(self) -> str:
        return f"{self.asked!r} {self.before!r} {self.found!r}"


async def note(
    connection: AsyncConnection, canaries: Iterable[FindingEvent], events: Iterable[FindingEvent]
) -> None:
    """Write down what the canaries say was planted beside them, and what the other findings of the self-test prove to work. The
    same once more changes nothing.
    """
    asked = [(name, event.fetched_at) for event in canaries for name in probing.listed(event.trace_id)]
    found = [(name, event.fetched_at) for event in events if (name := _proved(event))]
    if not asked and not found:
        return
    known = await _trials(connection)
    changed = dict(known)
    for name, at in asked:
        changed[name] = changed.get(name, Trial()).with_asked(at)
    for name, at in found:
        changed[name] = changed.get(name, Trial()).with_found(at)
    for name, trial in changed.items():
        if trial != known.get(name):
            await records.set_meta(connection, name, str(trial))


def _proved(event: FindingEvent) -> str:
    """What this finding shows to work, "" if nothing: another rule may have found the rule's value, too."""
    name = probing.tried(event.trace_id)
    wanted = probing.rule(name)
    return name if not wanted or wanted in (event.rule, *event.parts) else ""


async def _trials(connection: AsyncConnection) -> dict[str, Trial]:
    rows = [row for prefix in _PREFIXES for row in await records.metas(connection, prefix)]
    return {name: Trial.read(text) for name, text in rows}


class Alive:
    """The gauges. One a process, on its event loop."""

    def __init__(self, metrics: Metrics, *, patience: float) -> None:
        """`patience`: seconds from planting to alerting, after which nothing comes any more."""
        self._metrics = metrics
        self._patience = patience
        self._shown: dict[str, bool] = {}

    def rules(self) -> Mapping[str, bool]:
        """Rule -> whether what was planted for it came through, as `figures` saw it last."""
        return {rule: lives for name, lives in self._shown.items() if (rule := probing.rule(name))}

    async def figures(self, connection: AsyncConnection, now: float) -> None:
        trials = await _trials(connection)
        self._show(
            {
                name: trial.alive(now, self._patience)
                for name, trial in trials.items()
                if not _forgotten(trial, now)
            }
        )

    def _show(self, alive: Mapping[str, bool]) -> None:
        rules, decoders = self._metrics.rule_alive, self._metrics.decoder_alive
        for name in self._shown.keys() - alive.keys():
            if rule := probing.rule(name):
                rules.remove(rule)
            else:
                decoders.remove(probing.decoder(name))
        for name, lives in alive.items():
            if self._shown.get(name) is lives:
                continue
            if rule := probing.rule(name):
                rules.labels(rule).set(lives)
            else:
                decoders.labels(probing.decoder(name)).set(lives)
        self._shown = dict(alive)


async def forget(connection: AsyncConnection, now: float) -> None:
    """Take out what no round asks for any more."""
    trials = await _trials(connection)
    gone: Sequence[str] = [name for name, trial in trials.items() if _forgotten(trial, now)]
    await records.remove_metas(connection, gone)


def _forgotten(trial: Trial, now: float) -> bool:
    return now - max(trial.asked, trial.found) > _FORGOTTEN
