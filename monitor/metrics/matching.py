"""What the matcher and its scanning process count."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.metrics.buckets import LATENCY


class Matching:
    """Of one matcher."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

        self.scanned_bytes = Counter("leakstream_scanned_bytes", "Bytes of content scanned.", registry=r)
        self.scan_seconds = Histogram(
            "leakstream_scan_seconds",
            "Time of one batch in the scanning process.",
            buckets=LATENCY,
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
            "leakstream_fetch_to_match_seconds", "From fetch to finding.", buckets=LATENCY, registry=r
        )
        self.rule_hits = Counter(
            "leakstream_rule_hits",
            "Raw matches of a rule, before anything is confirmed (the loaded rules only).",
            ["rule"],
            registry=r,
        )
        self.rule_confirm_seconds = Counter(
            "leakstream_rule_confirm_seconds",
            "Time spent confirming a rule's raw matches (the loaded rules only).",
            ["rule"],
            registry=r,
        )
        self.scan_worker_resident = Gauge(
            "leakstream_scan_worker_resident_bytes",
            "Memory that the scanning process holds, of several the largest; told once a second while there is work.",
            registry=r,
        )
