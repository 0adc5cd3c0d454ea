"""What the collectors count: requests, items, budgets, how fresh a source is."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.metrics.buckets import BYTES, LATENCY


class Collecting:
    """Of every source."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

        self.documents = Counter(
            "leakstream_documents", "Documents that a source put on the bus.", ["source"], registry=r
        )
        self.document_bytes = Histogram(
            "leakstream_document_bytes",
            "Size of documents put on the bus.",
            ["source"],
            buckets=BYTES,
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
        self.capture_target = Gauge(
            "leakstream_capture_target_ratio",
            "The least share of a source's stream that is to be seen ([objectives] seen_share).",
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
            buckets=LATENCY,
            registry=r,
        )
        self.freshness_limit = Gauge(
            "leakstream_source_freshness_limit_seconds",
            "After so long without a good answer a source counts as stale: three polls, at least 60 s.",
            ["source"],
            registry=r,
        )
        self.budget_limit = Gauge(
            "leakstream_source_budget_limit_requests",
            "Requests that the source's limit allows in a whole window.",
            ["source"],
            registry=r,
        )
