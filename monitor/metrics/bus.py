"""What the bus and its one loop count: records, lag, retention, what could not be taken."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Bus:
    """Of every group and topic."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

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
