"""What the ledger says of the webhooks whose deliveries are looked at: how many came, how many should not have, from when to when. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.coverage.chain import Told
from monitor.coverage.items import unpack
from monitor.misdelivery import ALL, SOURCE, WRONG


@dataclass(slots=True)
class Deliveries:
    """Of one webhook. `first` and `last` of the wrong ones: epoch seconds, None = there is none. `entries`: the numbers of those that tell
    of wrong ones.
    """

    webhook: str
    delivered: int = 0
    wrong: int = 0
    first: float | None = None
    last: float | None = None
    entries: tuple[int, ...] = ()

    def add(self, told: Told, times: list[float]) -> None:
        """The wrong ones of one entry."""
        self.wrong += len(times)
        self.first = min(times if self.first is None else [self.first, *times])
        self.last = max(times if self.last is None else [self.last, *times])
        self.entries = (*self.entries, told.seq)


def is_of_webhook(told: Told) -> bool:
    """Whether the entry tells of a webhook's deliveries."""
    return told.event.source == SOURCE and told.event.feed.startswith((f"{ALL}/", f"{WRONG}/"))


def needs_items(told: Told, since: float) -> bool:
    """Whether `summed` is exact with its items only: it tells of wrong ones, or begins before the time that is asked for."""
    return told.event.feed.startswith(f"{WRONG}/") or told.event.since < since


def summed(entries: Iterable[Told], since: float, until: float) -> list[Deliveries]:
    """By webhook, of what was delivered from `since` to `until`. Entries without their items (dropped by age, or not needed) count whole, from
    their first to their last moment.
    """
    found: dict[str, Deliveries] = {}
    for told in filter(is_of_webhook, entries):
        kind, _, webhook = told.event.feed.partition("/")
        event = told.event
        if event.items:
            times = [float(item.at) for item in unpack(event.items) if int(since) <= item.at <= until]
        else:
            times = [event.since] * (event.listed - 1) + [event.until] * min(1, event.listed)
        if not times:
            continue
        row = found.setdefault(webhook, Deliveries(webhook))
        if kind == ALL:
            row.delivered += len(times)
        else:
            row.add(told, times)
    return [found[name] for name in sorted(found)]
