"""What every process has: its build, readiness, disk, log, and what it left out."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Everywhere:
    """Of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry

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
        self.disk_free = Gauge(
            "leakstream_disk_free_bytes",
            "Room left on the volume with the folder of store, bus and ledger (state).",
            ["volume"],
            registry=r,
        )
        self.disk_size = Gauge(
            "leakstream_disk_size_bytes",
            "Size of the volume with the folder of store, bus and ledger (state).",
            ["volume"],
            registry=r,
        )
        self.expiry = Gauge(
            "leakstream_expiry_timestamp_seconds",
            "When something that the service depends on ends, by kind: certificate, token.",
            ["kind", "name"],
            registry=r,
        )
        self.log_lines = Counter("leakstream_log_lines", "Log lines written.", ["level"], registry=r)
        self.log_suppressed = Counter(
            "leakstream_log_suppressed",
            "Log lines left out, since too many like them came at once.",
            registry=r,
        )
