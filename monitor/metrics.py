"""Every metric of the service, each with one sentence that says what it counts. `python -m monitor.metrics` prints the page
docs/reference/metrics.md.

Base units (seconds, bytes), counters end in `_total`, labels are bounded: sources, rules, stages, notifiers and reasons come
from closed sets and are pre-initialised where they are known, so that a rate starts from 0.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
_WINDOWS: Final = (
    60,
    300,
    900,
    3600,
    4 * 3600,
    12 * 3600,
    86400,
    3 * 86400,
    7 * 86400,
    30 * 86400,
    90 * 86400,
)
_BYTES: Final = (256, 1024, 4096, 16384, 65536, 262144, 1048576, 8388608)


class Metrics:
    """All metrics on one registry. The composition root makes one and hands it to the stages. Thread-safe."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry(auto_describe=True)
        r = self.registry

        # -- collectors
        self.documents = Counter(
            "leakstream_documents", "Documents that a source put on the bus.", ["source"], registry=r
        )
        self.document_bytes = Histogram(
            "leakstream_document_bytes",
            "Size of documents put on the bus.",
            ["source"],
            buckets=_BYTES,
            registry=r,
        )
        self.source_requests = Counter(
            "leakstream_source_requests",
            "Requests to a source, by outcome (ok, not_modified, limited, error …).",
            ["source", "outcome"],
            registry=r,
        )
        self.source_items = Counter(
            "leakstream_source_items",
            "Items of a source by what became of them: listed, fetched, known, skipped, lost.",
            ["source", "state"],
            registry=r,
        )
        self.capture_ratio = Gauge(
            "leakstream_capture_ratio",
            "Share of what a source's feed published that was fetched, over the last hour (0 to 1).",
            ["source"],
            registry=r,
        )
        self.source_last_success = Gauge(
            "leakstream_source_last_success_timestamp_seconds",
            "When a source last answered as it should.",
            ["source"],
            registry=r,
        )
        self.source_blind = Gauge(
            "leakstream_source_blind",
            "1 while a source sees nothing (outage, limit).",
            ["source"],
            registry=r,
        )
        self.source_budget = Counter(
            "leakstream_source_budget",
            "Requests by what they were spent on: poll, watched, likely, ordinary, machine.",
            ["source", "purpose"],
            registry=r,
        )
        self.source_backlog = Gauge(
            "leakstream_source_backlog",
            "What was listed and waits to be read, by what it is worth.",
            ["source", "rank"],
            registry=r,
        )
        self.budget_remaining = Gauge(
            "leakstream_source_budget_remaining_requests",
            "Requests that the source's limit still allows in its window.",
            ["source"],
            registry=r,
        )
        self.source_delay = Histogram(
            "leakstream_source_delay_seconds",
            "From publication to the bus.",
            ["source"],
            buckets=_LATENCY,
            registry=r,
        )

        # -- bus
        self.bus_records = Counter(
            "leakstream_bus_records", "Records read by a group.", ["group", "topic"], registry=r
        )
        self.bus_lag = Gauge(
            "leakstream_bus_lag_records",
            "Records that a group has not read yet.",
            ["group", "topic"],
            registry=r,
        )
        self.bus_lag_seconds = Gauge(
            "leakstream_bus_oldest_unread_seconds",
            "Age of the oldest record that a group has not read.",
            ["group", "topic"],
            registry=r,
        )
        self.bus_retention_used = Gauge(
            "leakstream_bus_retention_used_ratio",
            "Age of the oldest unread record as a share of the topic's retention; at 1 it is lost.",
            ["group", "topic"],
            registry=r,
        )
        self.bus_lost = Counter(
            "leakstream_bus_lost_records",
            "Records that retention took before the group read them.",
            ["group", "topic"],
            registry=r,
        )
        self.bus_bytes = Gauge(
            "leakstream_bus_topic_bytes",
            "Room that a topic's records take up (embedded bus).",
            ["topic"],
            registry=r,
        )
        self.backpressure = Counter(
            "leakstream_backpressure",
            "Times that a bus could take no more, by reason.",
            ["reason"],
            registry=r,
        )
        self.rebuilds = Counter(
            "leakstream_bus_producer_rebuilds",
            "Producers thrown away after an error that their library does not recover from, by that error (Kafka).",
            ["reason"],
            registry=r,
        )
        self.rebalances = Counter(
            "leakstream_bus_rebalances",
            "Times that a group's partitions were dealt out anew, seen by this member (Kafka).",
            ["group"],
            registry=r,
        )
        self.retries = Counter(
            "leakstream_batch_retries", "Batches tried again after a retryable error.", ["stage"], registry=r
        )
        self.dead_letters = Counter(
            "leakstream_dead_letters", "Records sent to a dead-letter topic.", ["stage", "reason"], registry=r
        )

        # -- matcher
        self.scanned_bytes = Counter("leakstream_scanned_bytes", "Bytes of content scanned.", registry=r)
        self.scan_seconds = Histogram(
            "leakstream_scan_seconds",
            "Time of one batch in the scanning process.",
            buckets=_LATENCY,
            registry=r,
        )
        self.findings = Counter("leakstream_findings", "Findings put on the bus.", ["rule"], registry=r)
        self.worker_restarts = Counter(
            "leakstream_scan_worker_restarts",
            "Scanning processes replaced, by reason (crash, timeout, memory).",
            ["reason"],
            registry=r,
        )
        self.match_latency = Histogram(
            "leakstream_fetch_to_match_seconds", "From fetch to finding.", buckets=_LATENCY, registry=r
        )

        # -- alerting
        self.exposures_open = Gauge(
            "leakstream_exposures_open", "Exposures that are open now.", ["severity", "owned"], registry=r
        )
        self.exposures = Counter(
            "leakstream_exposures",
            "Changes of exposures: opened, repeated, reopened, escalated, closed; dropped by the policy.",
            ["change"],
            registry=r,
        )
        self.window_seconds = Histogram(
            "leakstream_window_seconds",
            "How long a secret could be read, from publication until it was gone or dead, by what ended it: removed, revoked.",
            ["ended_by"],
            buckets=_WINDOWS,
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
        self.notifications = Counter(
            "leakstream_notifications",
            "Deliveries to a notifier by outcome (delivered, or the reason of the failure).",
            ["notifier", "outcome"],
            registry=r,
        )
        self.outbox_pending = Gauge(
            "leakstream_outbox_pending", "Notifications not delivered yet.", ["notifier"], registry=r
        )
        self.outbox_held = Gauge(
            "leakstream_outbox_held",
            "Notifications that wait on purpose: silenced, or to be told with others.",
            ["notifier"],
            registry=r,
        )
        self.notifier_unreached = Gauge(
            "leakstream_notifier_unreached_seconds",
            "For how long a notifier has taken nothing of what it was offered; 0 while all is well.",
            ["notifier"],
            registry=r,
        )
        self.outbox_failed = Gauge(
            "leakstream_outbox_failed",
            "Notifications that no try can deliver with this configuration.",
            ["notifier"],
            registry=r,
        )
        self.outbox_oldest = Gauge(
            "leakstream_outbox_oldest_seconds",
            "Age of the oldest notification not delivered yet.",
            ["notifier"],
            registry=r,
        )
        self.time_to_notify = Histogram(
            "leakstream_fetch_to_notify_seconds",
            "From fetch to the notifier's answer.",
            buckets=_LATENCY,
            registry=r,
        )
        self.notifier_peers = Counter(
            "leakstream_notifier_peer_requests",
            "Requests to each of a notifier's receivers by outcome (delivered, late, or the reason of the failure).",
            ["notifier", "peer", "outcome"],
            registry=r,
        )
        self.reconciler_holder = Gauge(
            "leakstream_reconciler_holder",
            "1 while this process is the one that tells notifiers again what stands.",
            registry=r,
        )
        self.reconciler_rounds = Counter(
            "leakstream_reconciler_rounds",
            "Rounds of telling a notifier everything again, by outcome (restated, or the reason of the failure).",
            ["notifier", "outcome"],
            registry=r,
        )
        self.reconciler_last_success = Gauge(
            "leakstream_reconciler_last_success_timestamp_seconds",
            "When this process last told a notifier everything again.",
            ["notifier"],
            registry=r,
        )
        self.reconciler_restated = Counter(
            "leakstream_reconciler_restated",
            "What a notifier was told again, by state: firing, ended.",
            ["notifier", "state"],
            registry=r,
        )
        self.reconciler_beyond = Gauge(
            "leakstream_reconciler_beyond_limit",
            "Open exposures that a notifier is not told again, since there are more than 1,000.",
            ["notifier"],
            registry=r,
        )

        # -- self-test
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
            buckets=_LATENCY,
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

        # -- drills
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
            buckets=_LATENCY,
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

        # -- coverage ledger
        self.capture_low = Gauge(
            "leakstream_capture_low",
            "Share of what a source published in the last hour that was listed: the lower end of its 90 % interval.",
            ["source"],
            registry=r,
        )
        self.capture_high = Gauge(
            "leakstream_capture_high",
            "Share of what a source published in the last hour that was listed: the upper end of its 90 % interval.",
            ["source"],
            registry=r,
        )
        self.blind_seconds = Counter(
            "leakstream_blind_seconds",
            "Seconds in which a source saw nothing, by reason (outage, limit, gap, silent …), as the ledger tells.",
            ["source", "reason"],
            registry=r,
        )
        self.ledger_sealed_day = Gauge(
            "leakstream_ledger_sealed_day",
            "Up to when the coverage ledger is sealed (epoch seconds); the labels name the last seal: its day and hash.",
            ["day", "seal"],
            registry=r,
        )
        self.ledger_broken = Gauge(
            "leakstream_ledger_broken",
            "1 while the coverage ledger's chain does not hold.",
            registry=r,
        )

        # -- everywhere
        self.dropped = Counter(
            "leakstream_dropped",
            "What was left out on purpose or cut by a budget, never in silence.",
            ["stage", "reason"],
            registry=r,
        )
        self.ready = Gauge("leakstream_ready", "1 while the stage can do its work.", ["stage"], registry=r)
        self.loop_lag = Gauge(
            "leakstream_event_loop_lag_seconds", "How late the event loop ran its last timer.", registry=r
        )
        self.build = Gauge(
            "leakstream_build_info", "Always 1; labels name the version.", ["version", "python"], registry=r
        )


def page() -> str:
    """docs/reference/metrics.md as Markdown."""
    lines = [
        "# Metrics",
        "",
        "Made by `python -m monitor.metrics`; a test compares it with the code.",
        "",
        "| metric | type | labels | what it says |",
        "|---|---|---|---|",
    ]
    for family in sorted(Metrics().registry.collect(), key=lambda f: f.name):
        name = family.name + ("_total" if family.type == "counter" else "")
        collector = Metrics().registry._names_to_collectors[
            name if family.type != "histogram" else family.name
        ]
        labels = ", ".join(collector._labelnames)  # type: ignore[attr-defined]
        lines.append(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page is the program's output
