"""What the alerting stage counts: exposures, decisions, windows, verdicts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.metrics.buckets import WINDOWS


class Alerting:
    """Of one alerting stage."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

        self.exposures_open = Gauge(
            "leakstream_exposures_open", "Exposures that are open now.", ["severity", "owned"], registry=r
        )
        self.exposures = Counter(
            "leakstream_exposures",
            "Changes of exposures: opened, repeated, reopened, escalated, closed; dropped by the policy.",
            ["change"],
            registry=r,
        )
        self.source_exposures = Counter(
            "leakstream_source_exposures",
            "Exposures opened, by the source that was the first to show them.",
            ["source"],
            registry=r,
        )
        self.window_seconds = Histogram(
            "leakstream_window_seconds",
            "How long a secret could be read, from publication until it was gone or dead, by what ended it: removed, revoked.",
            ["ended_by"],
            buckets=WINDOWS,
            registry=r,
        )
        self.window_longest = Gauge(
            "leakstream_window_longest_open_seconds",
            "For how long the oldest exposure can be read that is neither gone nor dead (in the process that follows them; else 0).",
            registry=r,
        )
        self.rechecks = Counter(
            "leakstream_rechecks",
            "Looks at places that a leak was seen at: asked; answered with public, cleaned, removed, or no_answer.",
            ["outcome"],
            registry=r,
        )
        for outcome in ("asked", "public", "cleaned", "removed", "no_answer"):
            self.rechecks.labels(outcome)
        self.decisions = Counter(
            "leakstream_policy_decisions",
            "What the policy made of findings (page, ticket, record, drop), and the row that decided.",
            ["action", "reason"],
            registry=r,
        )
        self.rule_verdicts = Counter(
            "leakstream_rule_verdicts",
            "What persons said when they closed an exposure over console or API, by its rule: confirmed (revoked, removed), false_positive, other.",
            ["rule", "verdict"],
            registry=r,
        )
