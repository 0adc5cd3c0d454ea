"""What the service promises its operator, in figures. The only place that has them: docs/reference/objectives.md is made from it, and the
rules of deploy/prometheus are compared with it.

An objective is a share of good events (or good minutes) over a window; what is allowed to go wrong is its budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

WINDOW_DAYS: Final = 30

PAGE_SECONDS: Final = 120.0  # from publication to page
DELIVERY_SECONDS: Final = 300.0  # from the decision to tell until the notifier has it
FRESH_POLLS: Final = 3  # so many polls without a good answer, and a source is stale …
FRESH_SECONDS: Final = 60.0  # … but not before a minute

# source -> the least share of its stream that is to be seen; `[objectives] seen_share` replaces it
SEEN_SHARE: Final[Mapping[str, float]] = MappingProxyType({"github_events": 0.02})


@dataclass(frozen=True, slots=True)
class Objective:
    """`errors` is the share of bad events over a range, in PromQL, with `[WINDOW]` where the range stands; `per` its labels. `good` says in
    words what counts, `why` where the target comes from, `miss` what it means when it is missed, `limits` what it does not say.
    """

    name: str
    title: str
    target: float
    per: tuple[str, ...]
    metrics: tuple[str, ...]
    errors: str
    good: str
    why: str
    miss: str
    limits: str

    def over(self, window: str) -> str:
        """The share of what went wrong over `window` (a PromQL duration): 0 to 1."""
        return self.errors.replace("[WINDOW]", f"[{window}]")


@dataclass(frozen=True, slots=True)
class Burn:
    """An alert when the budget is spent `rate` times as fast as it lasts, over `long` and still over `short`."""

    rate: float
    long: str
    short: str
    severity: str


# 2 % of a month's budget in an hour, 5 % in six: somebody gets up. 10 % in a day, or all of it at this pace: a ticket.
BURNS: Final = (
    Burn(14.4, "1h", "5m", "page"),
    Burn(6.0, "6h", "30m", "page"),
    Burn(3.0, "1d", "2h", "ticket"),
    Burn(1.0, "3d", "6h", "ticket"),
)

# 1 while a source is fresh; recorded, since a share of minutes is an average over it
FRESH: Final = (
    "(time() - max by (source) (leakstream_source_last_success_timestamp_seconds))"
    " <= bool max by (source) (leakstream_source_freshness_limit_seconds)"
)
FRESH_RECORD: Final = "leakstream:source_fresh:bool"

# 1 while enough of a source's stream is seen; likewise
SEEN: Final = (
    "max by (source) (leakstream_capture_ratio) >= bool max by (source) (leakstream_capture_target_ratio)"
)
SEEN_RECORD: Final = "leakstream:source_seen:bool"

OBJECTIVES: Final = (
    Objective(
        name="time_to_page",
        title="Time from publication to page",
        target=0.99,
        per=(),
        metrics=("leakstream_publish_to_notify_seconds",),
        errors=(
            f'1 - sum(rate(leakstream_publish_to_notify_seconds_bucket{{le="{PAGE_SECONDS}"}}[WINDOW]))'
            " / sum(rate(leakstream_publish_to_notify_seconds_count[WINDOW]))"
        ),
        good=f"A page whose first notifier answered within {PAGE_SECONDS:.0f} s of the publication of what it tells.",
        why=(
            "Public feeds lag by up to a minute and are polled every few seconds to a minute; what is left of two minutes is ours. Those who"
            " harvest credentials try them within minutes."
        ),
        miss=(
            "People are told late, and the secret is open to others meanwhile. The stages' latencies show where: "
            "`leakstream_source_delay_seconds`, `leakstream_fetch_to_match_seconds`, `leakstream_fetch_to_notify_seconds`."
        ),
        limits=(
            "Only what a source listed can be counted: what was never seen is in the share of the stream. Left out are replays, drills, what waited on"
            " purpose (silenced, told with others), what came with no time of publication, and what a source hands in as history (old commits,"
            " archives, files): its age says nothing about us."
        ),
    ),
    Objective(
        name="delivery",
        title="Delivery",
        target=0.999,
        per=("notifier",),
        metrics=("leakstream_deliveries_total",),
        errors=(
            'sum by (notifier) (rate(leakstream_deliveries_total{outcome!="in_time"}[WINDOW]))'
            " / sum by (notifier) (rate(leakstream_deliveries_total[WINDOW]))"
        ),
        good=f"A notification that its notifier took within {DELIVERY_SECONDS:.0f} s.",
        why=(
            "Several tries with growing pauses fit into five minutes, so that a restart of the receiver costs nothing; beyond that somebody waits who"
            " should know."
        ),
        miss=(
            "A receiver was away or refuses us. Nothing is lost: what is late is told when it answers, what was refused stands in"
            " `leakstream outbox list`."
        ),
        limits=(
            "A notification counts when it is settled: what still waits is shown by `leakstream_outbox_oldest_seconds` and by its alert. What waited on"
            " purpose counts from the end of its wait."
        ),
    ),
    Objective(
        name="freshness",
        title="Freshness of every source",
        target=0.995,
        per=("source",),
        metrics=(
            "leakstream_source_last_success_timestamp_seconds",
            "leakstream_source_freshness_limit_seconds",
        ),
        errors=f"1 - avg_over_time({FRESH_RECORD}[WINDOW])",
        good=(
            f"A minute in which the last good answer of the source was no older than {FRESH_POLLS} of its polls, and at least"
            f" {FRESH_SECONDS:.0f} s."
        ),
        why=(
            "The large forges promise their paying customers 99.9 %; 99.5 % leaves three and a half hours a month for their outages and"
            " our restarts together."
        ),
        miss="The source was away, limits us, or its token ended: what it published meanwhile is a blind interval in the coverage ledger.",
        limits="Sources that listen or end by themselves (ingest, stdin, a folder read once) have no poll and no limit.",
    ),
    Objective(
        name="seen",
        title="Share of the stream seen",
        target=0.99,
        per=("source",),
        metrics=("leakstream_capture_ratio", "leakstream_capture_target_ratio"),
        errors=f"1 - avg_over_time({SEEN_RECORD}[WINDOW])",
        good=(
            "A minute in which the share of what the source published in the last hour that was fetched is at least the configured"
            f" one (`[objectives] seen_share`; by default {SEEN_SHARE['github_events']:.0%} of github_events)."
        ),
        why=(
            "One token may ask 5,000 times an hour, a push costs a request or more, and over a hundred thousand are published in that hour: two of a"
            " hundred is what surely remains when lists and retries are paid. More tokens, a higher share: set it to what you pay for."
        ),
        miss="Leaks of others went by more than you planned; what is watched comes first and is lost last.",
        limits=(
            "The share is an estimate with an interval: `leakstream_capture_low` and `leakstream_capture_high`, docs/explanation/coverage-estimate.md."
        ),
    ),
)
