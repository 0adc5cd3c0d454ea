"""Pages by way of the real Alertmanager: its configuration as we ship it, and what its webhook receivers were told.

Alertmanager tells a group whenever something joins it, and then everything in it once more. So a key may come again, but only in a
notification that brings another one for the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from benchmarks import evidence
from benchmarks.bars.judging import Checks, Delivery

_SHIPPED: Final = evidence.ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
PAGES: Final = "leak-pages"  # its receiver


def config(hook: str) -> dict[str, Any]:
    """deploy/alertmanager with every receiver at `hook`/<its name>."""
    shipped: dict[str, Any] = yaml.safe_load(_SHIPPED.read_text("utf-8"))
    for receiver in shipped["receivers"]:
        receiver["webhook_configs"] = [{"url": f"{hook}/{receiver['name']}", "send_resolved": True}]
    return shipped


@dataclass(frozen=True, slots=True)
class Notification:
    """One POST of Alertmanager: `receiver`, when (seconds), its body."""

    receiver: str
    at: float
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """`pages`: each firing alert of each notification, repeats included. `groups`: distinct ones. `news`: notifications that brought a
    key for the first time; `again`: keys repeated in these. `idle`: notifications that brought nothing new. `resolved`: alerts that
    ended. `elsewhere`: notifications to any other receiver.
    """

    pages: Sequence[Delivery]
    groups: int
    news: int
    again: int
    idle: int
    resolved: int
    elsewhere: int


def read(notifications: Iterable[Notification]) -> Told:
    pages: list[Delivery] = []
    known: dict[str, set[str]] = {}
    news = again = idle = resolved = elsewhere = 0
    for told in notifications:
        if told.receiver != PAGES:
            elsewhere += 1
            continue
        before = known.setdefault(told.body["groupKey"], set())
        firing = [alert for alert in told.body["alerts"] if alert["status"] == "firing"]
        resolved += len(told.body["alerts"]) - len(firing)
        keys = {alert["annotations"]["key"] for alert in firing}
        if keys - before:
            news += 1
            again += len(keys & before)
        else:
            idle += 1
        before |= keys
        pages += [Delivery(told.at, a["annotations"]["key"], a["labels"]["exposure"]) for a in firing]
    return Told(pages, len(known), news, again, idle, resolved, elsewhere)


def judge_notifications(checks: Checks, told: Told) -> None:
    checks.add(
        "Alertmanager says a key again only beside a new one of its group, and ends none",
        told.idle == told.resolved == told.elsewhere == 0,
        groups=told.groups,
        notifications=told.news + told.idle,
        keys_again_beside_a_new_one=told.again,
        notifications_without_news=told.idle,
        resolved=told.resolved,
        to_other_receivers=told.elsewhere,
    )
