"""Around the stream: room on disk, terms that end, the console, the log."""

from __future__ import annotations

from typing import Final

from panels import INSTANCE, Kind, Panel, Row, most, quantiles, rate

_DAY: Final = 86400

AROUND: Final = Row(
    "Room, terms, console, log",
    (
        Panel(
            "Disk free",
            "Of each process's volume.",
            "Above 20 %. When it is full everything waits and nothing is lost.",
            {
                f"min by (instance, volume) (leakstream_disk_free_bytes{{{INSTANCE}}}"
                f" / leakstream_disk_size_bytes{{{INSTANCE}}})": "{{instance}} {{volume}}"
            },
            unit="percentunit",
            width=6,
            bad_below=0.1,
        ),
        Panel(
            "Room of the topics",
            "What the records of the embedded bus take up.",
            "Level: retention takes as much as comes.",
            {f"sum by (topic) (leakstream_bus_topic_bytes{{{INSTANCE}}})": "{{topic}}"},
            unit="bytes",
            width=6,
            none="the bus is not the embedded one",
        ),
        Panel(
            "Ends in",
            "How long certificates, tokens and keys that we depend on still hold.",
            "More than two weeks each. Renew what is red.",
            {"sort(min by (kind, name) (leakstream_expiry_timestamp_seconds) - time())": "{{kind}} {{name}}"},
            kind=Kind.BARS,
            unit="s",
            width=6,
            bad_below=14 * _DAY,
            none="nothing that is configured says when it ends",
        ),
        Panel(
            "Time to answer, p50 and p99",
            "Of console, API and ingest, by route.",
            "Below 0.2 s.",
            quantiles("leakstream_web_request_seconds", "route", where=INSTANCE),
            unit="s",
            width=6,
            none="nobody asked for a page in this time",
        ),
        Panel(
            "Refused at the door",
            "Requests to console, API and ingest that were refused before anything was done.",
            "0. A burst is somebody who guesses, or a token that ended.",
            {
                f"{rate('leakstream_access_denied_total', 'reason', where=INSTANCE)} or sum(vector(0))": "{{reason}}"
            },
            unit="reqps",
        ),
        Panel(
            "What people did",
            "Over console and API, by role.",
            "What your people did.",
            {
                f"{most(12, 'leakstream_actions_total', 'action', 'role', where=INSTANCE)} or sum(vector(0))": "{{action}} {{role}}"
            },
            kind=Kind.BARS,
        ),
        Panel(
            "Log lines",
            "By level, and those left out since too many like them came at once.",
            "Few warnings, no error, nothing left out.",
            {
                rate("leakstream_log_lines_total", "level", where=INSTANCE): "{{level}}",
                rate("leakstream_log_suppressed_total", where=INSTANCE): "left out",
            },
            unit="ops",
        ),
    ),
)
