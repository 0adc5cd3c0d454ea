"""What of the due rows is told now, alone or together, and what waits for others: for notifiers that people read. Pure, no I/O.

    of one incident   the first `after` go at once; what follows within `seconds` waits for the end of that time and becomes one
                      message, if there is more than one of it
    of all            after `storm_after` messages in ten minutes everything waits and becomes one message every `storm_seconds`

Pages and tickets are counted apart, so that tickets never hold up a page. Nothing is left out: what waits is held in the store, with the
reason, and told by the next message. Told alone at once, whatever else waits: drills, what is no news of a leak (an end, where the notifier
shows each end by itself), and what a page of the same exposure waits for.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor.store.model import Sent, Waiting
from monitor.store.outbox import GROUPED, STORM

STORM_WINDOW: Final = 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Grouping:
    """`seconds` 0: incidents are not grouped. `sums`: the changes that may be told together."""

    seconds: float
    after: int
    storm_after: int
    storm_seconds: float
    sums: frozenset[str]

    @property
    def window(self) -> float:
        """How far back `plan` has to know what was sent, in seconds."""
        return max(self.seconds, STORM_WINDOW)


@dataclass(slots=True)
class Plan:
    """`messages`: each told by one message, pages first; `held`: (rows, until when, why)."""

    messages: list[list[Waiting]] = field(default_factory=list)
    held: list[tuple[list[Waiting], float, str]] = field(default_factory=list)

    def hold(self, rows: Sequence[Waiting], until: float, reason: str) -> None:
        if rows:
            self.held.append(([*rows], until, reason))


def plan(due: Sequence[Waiting], sent: Sequence[Sent], rules: Grouping, *, now: float) -> Plan:
    """`due`: at most one row an exposure, in the order in which they should be told. `sent`: messages within `rules.window`, in order."""
    found = Plan()
    again: dict[str, list[Waiting]] = defaultdict(list)
    rest: dict[str, list[Waiting]] = defaultdict(list)
    for row in due:
        if row.drill or row.overtaken or row.change not in rules.sums:
            found.messages.append([row])
        elif row.message:  # was under way in a summary: the same one again, or its receiver could not know it
            again[row.message].append(row)
        else:
            rest[row.action].append(row)
    found.messages += again.values()
    for action, rows in rest.items():
        _of_action(found, rows, [each for each in sent if each.action == action], rules, now)
    found.messages.sort(key=lambda rows: rows[0].action != "page")  # stable: else in their order
    return found


def summary_key(keys: Iterable[str]) -> str:
    """The idempotency key of what tells these together: 32 hex, the same for the same."""
    return hashlib.sha256("\0".join(["summary", *sorted(keys)]).encode()).hexdigest()[:32]


def summary_dedup_key(incident: str, action: str) -> str:
    """The same for all summaries of one incident ("" = of a storm): 32 hex."""
    return hashlib.sha256(f"incident\0{incident}\0{action}".encode()).hexdigest()[:32]


def _of_action(
    found: Plan, rows: Sequence[Waiting], sent: Sequence[Sent], rules: Grouping, now: float
) -> None:
    lately = [each for each in sent if each.at > now - STORM_WINDOW]
    room = rules.storm_after - len(lately)
    if room <= 0:
        calm = lately[-1].at + rules.storm_seconds
        if calm > now:
            found.hold(rows, calm, STORM)
        else:
            found.messages.append([*rows])
        return
    incidents: dict[str, list[Waiting]] = defaultdict(list)
    for row in rows:
        incidents[row.incident].append(row)
    chosen = Plan()
    for incident, group in incidents.items():
        before = [each for each in sent if each.incident == incident and each.at > now - rules.seconds]
        _of_incident(chosen, group, before, rules, now)
    found.messages += chosen.messages[:room]
    found.held += chosen.held
    found.hold(_flat(chosen.messages[room:]), now + rules.storm_seconds, STORM)


def _of_incident(
    found: Plan, rows: Sequence[Waiting], before: Sequence[Sent], rules: Grouping, now: float
) -> None:
    """`before`: what was sent of it within `rules.seconds`."""
    summaries = [each.at for each in before if each.carried > 1]
    if not rules.seconds:
        found.messages += [[row] for row in rows]
    elif summaries:
        found.hold(rows, summaries[-1] + rules.seconds, GROUPED)
    elif any(row.reason in (GROUPED, STORM) for row in rows):  # its time is over
        found.messages.append([*rows])
    else:
        free = max(0, rules.after - len(before))
        found.messages += [[row] for row in rows[:free]]
        begun = before[0].at if before else now
        found.hold(rows[free:], begun + rules.seconds, GROUPED)


def _flat(messages: Collection[Sequence[Waiting]]) -> list[Waiting]:
    return [row for rows in messages for row in rows]
