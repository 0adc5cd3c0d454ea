"""One poll of an event feed: its pages, and whether they are one window of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.feed import Feed
from monitor.collectors.github import event as github_event
from monitor.collectors.github.api import PER_PAGE, GitHub, next_link
from monitor.collectors.github.event import Event
from monitor.collectors.upstream import Refused, Unavailable
from monitor.http import Response

_PAGES: Final = 3  # the fourth answers 422


@dataclass(frozen=True, slots=True)
class Listing:
    """One poll. `runs` are its pages, those together that have no hole between them: a feed that moves on by more than a page while it is
    asked is not one window but several. `whole` = no page failed, `full` = it ended at the feed's limit, not at its end.
    """

    runs: Sequence[tuple[float, Sequence[Event]]]  # when it was answered, newest page first
    answer: Response
    whole: bool
    full: bool

    @property
    def events(self) -> list[Event]:
        return [event for _, events in self.runs for event in events]


async def list_feed(
    context: SourceContext,
    github: GitHub,
    feed: Feed,
    new: Callable[[SourceContext, Sequence[Event]], Awaitable[set[bytes]]],
) -> Listing:
    """The newest page, and further pages while those before hold nothing known: `new` says which keys are. Raises Limited, Unavailable,
    Refused: the first page failed.
    """
    raw, first = await github.feed_page(context, feed.path, 1, validators=feed.validators)
    events = _parse(context, raw)
    runs = [(context.now(), events)]
    page, answer = 1, first
    while page < _PAGES and (next_link(answer.headers.get("Link", "")) or len(raw) >= PER_PAGE):
        if len(await new(context, events)) < len({event.key for event in events}):
            break
        page += 1
        try:
            raw, answer = await github.feed_page(context, feed.path, page)
        except (Limited, Unavailable, Refused):
            context.dropped("page_failed")
            return Listing(runs, first, whole=False, full=True)  # it was cut: more may have stood below
        events = _parse(context, raw)
        if _adjoins(runs[-1][1], events):
            runs[-1][1].extend(events)
        else:
            runs.append((context.now(), events))
    return Listing(runs, first, whole=True, full=page == _PAGES)


def _parse(context: SourceContext, raw: Sequence[Any]) -> list[Event]:
    events = [event for event in map(github_event.parse, raw) if event is not None]
    if len(events) < len(raw):
        context.dropped("bad_event", len(raw) - len(events))
    return events


def _adjoins(before: Sequence[Event], page: Sequence[Event]) -> bool:
    """Whether the next page goes on where the pages before it ended: it repeats some of them, or is not newer."""
    known = {event.key for event in before}
    if not before or not page or any(event.key in known for event in page):
        return True
    newest = max((e.created_at for e in page if e.created_at is not None), default=0.0)
    oldest = min((e.created_at for e in before if e.created_at is not None), default=0.0)
    return newest <= oldest
