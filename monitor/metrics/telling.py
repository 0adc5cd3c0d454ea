"""What the outbox and its notifiers count, and the reconciler that tells them again what stands."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.metrics.buckets import LATENCY


class Telling:
    """Of every notifier."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

        self.notifications = Counter(
            "leakstream_notifications",
            "Deliveries to a notifier by outcome (delivered, or the reason of the failure).",
            ["notifier", "outcome"],
            registry=r,
        )
        self.deliveries = Counter(
            "leakstream_deliveries",
            "Notifications that are settled, by how: in_time, late (after five minutes), failed (no try can deliver it).",
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
            buckets=LATENCY,
            registry=r,
        )
        self.publish_to_notify = Histogram(
            "leakstream_publish_to_notify_seconds",
            "From publication to the first notifier's answer: the time to page.",
            buckets=LATENCY,
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
