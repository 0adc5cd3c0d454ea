"""What the listener of console, API and ingest counts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from monitor.metrics.buckets import ANSWERS


class Web:
    """Of one listener."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

        self.web_requests = Counter(
            "leakstream_web_requests",
            "Requests to console, API and ingest, by the route's pattern (none = no route) and the status.",
            ["route", "method", "status"],
            registry=r,
        )
        self.web_seconds = Histogram(
            "leakstream_web_request_seconds",
            "Time to answer a request to console, API or ingest.",
            ["route"],
            buckets=ANSWERS,
            registry=r,
        )
        self.actions = Counter(
            "leakstream_actions",
            "What persons and programs did over console and API, by the role that allowed it.",
            ["action", "role"],
            registry=r,
        )
        self.access_denied = Counter(
            "leakstream_access_denied",
            "Requests refused before anything was done, by reason.",
            ["reason"],
            registry=r,
        )
