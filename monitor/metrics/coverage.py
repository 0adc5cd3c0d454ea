"""What the coverage ledger says."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Coverage:
    """Of every source in the ledger."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

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
