"""What proves that the whole way works: self-tests, drills, the dead-man switch."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.metrics.buckets import LATENCY


class Alive:
    """Of the canaries and drills that this process plants or judges."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

        self.selftest_planted = Counter(
            "leakstream_selftest_planted", "Canaries that the self-test put on the bus.", registry=r
        )
        self.selftest_seen = Counter(
            "leakstream_selftest_seen",
            "Canaries that came to the alerting stage: ok, late (too old to prove anything), early (its clock is far ahead).",
            ["outcome"],
            registry=r,
        )
        for outcome in ("ok", "late", "early"):
            self.selftest_seen.labels(outcome)
        self.selftest_last_success = Gauge(
            "leakstream_selftest_last_success_timestamp_seconds",
            "When a canary last came through in time; 0 = never.",
            registry=r,
        )
        self.selftest_seconds = Histogram(
            "leakstream_selftest_seconds",
            "From planting a canary to the alerting stage.",
            buckets=LATENCY,
            registry=r,
        )
        self.rule_alive = Gauge(
            "leakstream_rule_alive",
            "Whether a rule found what the self-test last planted for it (1) or did not (0).",
            ["rule"],
            registry=r,
        )
        self.decoder_alive = Gauge(
            "leakstream_decoder_alive",
            "Whether a canary in this encoding was last found (1) or not (0).",
            ["encoding"],
            registry=r,
        )
        self.alert_store = Gauge(
            "leakstream_alert_store_info",
            "Always 1; the label names the store of this alerting stage: all of one bus are to have the same.",
            ["store"],
            registry=r,
        )
        self.heartbeats = Counter(
            "leakstream_heartbeats",
            "Heartbeats to the dead-man switch by outcome (delivered, or the reason of the failure).",
            ["outcome"],
            registry=r,
        )

        self.drills = Counter(
            "leakstream_drills",
            "Drills by source and outcome: told in time, or missed.",
            ["source", "outcome"],
            registry=r,
        )
        self.drill_seconds = Histogram(
            "leakstream_drill_seconds",
            "From planting a synthetic leak until the last notifier had its page: the time to page.",
            ["source"],
            buckets=LATENCY,
            registry=r,
        )
        self.drill_last_success = Gauge(
            "leakstream_drill_last_success_timestamp_seconds",
            "When a drill of this source was last told in time; 0 = never.",
            ["source"],
            registry=r,
        )
        self.drill_missed = Gauge(
            "leakstream_drill_missed",
            "Whether the newest drill of this source was missed (1).",
            ["source"],
            registry=r,
        )
        self.drill_interval = Gauge(
            "leakstream_drill_interval_seconds",
            "How often a drill of this source is planted ([drills] every).",
            ["source"],
            registry=r,
        )
