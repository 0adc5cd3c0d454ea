"""What the dashboard shows: rows of panels, each with its queries. dashboard.py beside this file draws them.

Gauges that every alerting process reads out of the store are the same in each of them: `max by`, never `sum`. What ought never to happen
is shown as 0 and not as an empty panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_RATE: Final = "[$__rate_interval]"


@dataclass(frozen=True, slots=True)
class Panel:
    """`queries`: expression -> legend. `bad_above` (or `bad_below`) colours a number red."""

    title: str
    unit: str
    queries: dict[str, str]
    about: str
    number: bool = False
    width: int = 8
    bad_above: float | None = None
    bad_below: float | None = None


def rate(metric: str, *by: str) -> str:
    return f"sum by ({', '.join(by)}) (rate({metric}{_RATE}))"


def quantiles(metric: str, *by: str) -> dict[str, str]:
    """p50 and p99 of a histogram."""
    legend = " ".join(f"{{{{{label}}}}}" for label in by)
    return {
        f"histogram_quantile({q}, {rate(f'{metric}_bucket', 'le', *by)})": f"{legend} p{q * 100:.0f}".strip()
        for q in (0.5, 0.99)
    }


def ever(metric: str) -> str:
    """How often in the time shown; 0 where it never happened."""
    return f"sum(increase({metric}[$__range])) or vector(0)"


ROWS: Final[dict[str, Sequence[Panel]]] = {
    "Exposures": (
        Panel(
            "Ours and open",
            "short",
            {'sum(max by (severity, owned) (leakstream_exposures_open{owned!="none"}))': "ours"},
            "Open exposures that are proved or claimed to be ours.",
            number=True,
            width=4,
            bad_above=0,
        ),
        Panel(
            "Not told yet",
            "short",
            {"sum(max by (notifier) (leakstream_outbox_pending))": "waiting"},
            "Notifications that no notifier has taken yet.",
            number=True,
            width=4,
            bad_above=100,
        ),
        Panel(
            "Open",
            "short",
            {"sum by (severity) (max by (severity, owned) (leakstream_exposures_open))": "{{severity}}"},
            "Open exposures by severity, our own and others'.",
        ),
        Panel(
            "Changes",
            "ops",
            {rate("leakstream_exposures_total", "change"): "{{change}}"},
            "Exposures opened, seen again, reopened, escalated, closed.",
        ),
        Panel(
            "Decisions",
            "ops",
            {rate("leakstream_policy_decisions_total", "action", "reason"): "{{action}}: {{reason}}"},
            "What the policy made of findings, and the row that decided.",
        ),
        Panel(
            "Findings by rule",
            "ops",
            {f"topk(10, {rate('leakstream_findings_total', 'rule')})": "{{rule}}"},
            "The ten rules that find most.",
        ),
        Panel(
            "Deliveries",
            "ops",
            {rate("leakstream_notifications_total", "notifier", "outcome"): "{{notifier}} {{outcome}}"},
            "Notifications by notifier and outcome.",
        ),
        Panel(
            "Oldest notification not delivered",
            "s",
            {"max by (notifier) (leakstream_outbox_oldest_seconds)": "{{notifier}}"},
            "Above five minutes it pages.",
            width=12,
        ),
        Panel(
            "Notifications refused for good",
            "short",
            {"max by (notifier) (leakstream_outbox_failed)": "{{notifier}}"},
            "No try can deliver them with this configuration.",
            width=12,
        ),
    ),
    "Stream": (
        Panel(
            "Instances up",
            "percentunit",
            {'avg(up{job="leakstream"})': "up"},
            "Share of the scraped processes that answer.",
            number=True,
            width=4,
            bad_below=1,
        ),
        Panel(
            "Stages ready",
            "short",
            {"min by (stage) (leakstream_ready)": "{{stage}}"},
            "0: /readyz of that stage says why.",
            number=True,
            width=6,
            bad_below=1,
        ),
        Panel(
            "Last canary",
            "s",
            {"time() - max(leakstream_selftest_last_success_timestamp_seconds > 0)": "ago"},
            "How long ago the self-test's last canary came through the whole service.",
            number=True,
            width=4,
            bad_above=600,
        ),
        Panel(
            "Lost to retention",
            "short",
            {ever("leakstream_bus_lost_records_total"): "records"},
            "Records that retention took unread, in the time shown.",
            number=True,
            width=3,
            bad_above=0,
        ),
        Panel(
            "Dead letters",
            "short",
            {ever("leakstream_dead_letters_total"): "records"},
            "Records put aside, in the time shown: `leakstream dlq list`.",
            number=True,
            width=3,
            bad_above=0,
        ),
        Panel(
            "Held back",
            "short",
            {ever("leakstream_backpressure_total"): "times"},
            "Times that the bus could take no more, in the time shown.",
            number=True,
            width=4,
        ),
        Panel(
            "Unread records",
            "short",
            {"sum by (group, topic) (leakstream_bus_lag_records)": "{{group}} {{topic}}"},
            "Lag of each group.",
        ),
        Panel(
            "Age of the oldest unread record",
            "s",
            {"max by (group, topic) (leakstream_bus_oldest_unread_seconds)": "{{group}} {{topic}}"},
            "A lag that grows: more copies of that stage are needed.",
        ),
        Panel(
            "Retention used",
            "percentunit",
            {"max by (group, topic) (leakstream_bus_retention_used_ratio)": "{{group}} {{topic}}"},
            "At 100 % unread records are lost.",
        ),
        Panel(
            "Fetch to finding",
            "s",
            quantiles("leakstream_fetch_to_match_seconds"),
            "Latency of collector, bus and matcher.",
        ),
        Panel(
            "Fetch to notifier",
            "s",
            quantiles("leakstream_fetch_to_notify_seconds"),
            "Latency of the whole service, up to the notifier's answer.",
        ),
        Panel(
            "Canary to alerting",
            "s",
            quantiles("leakstream_selftest_seconds"),
            "Latency of the self-test's canaries.",
        ),
        Panel(
            "Left out, by reason",
            "ops",
            {rate("leakstream_dropped_total", "stage", "reason"): "{{stage}}: {{reason}}"},
            "What was left out on purpose or cut by a budget.",
        ),
        Panel(
            "Records read",
            "ops",
            {rate("leakstream_bus_records_total", "group", "topic"): "{{group}} {{topic}}"},
            "What each group works through.",
        ),
        Panel(
            "Batches tried again",
            "ops",
            {rate("leakstream_batch_retries_total", "stage"): "{{stage}}"},
            "After an error that passes: a busy store, brokers that are away.",
        ),
    ),
    "Engine": (
        Panel(
            "Scanned",
            "Bps",
            {f"sum(rate(leakstream_scanned_bytes_total{_RATE}))": "bytes a second"},
            "Content scanned by all matchers.",
            width=6,
        ),
        Panel(
            "Speed while scanning",
            "Bps",
            {
                f"sum(rate(leakstream_scanned_bytes_total{_RATE}))"
                f" / sum(rate(leakstream_scan_seconds_sum{_RATE}))": "bytes a second of scanning"
            },
            "Bytes for each second that a scanning process works.",
            width=6,
        ),
        Panel(
            "Time of a batch", "s", quantiles("leakstream_scan_seconds"), "In the scanning process.", width=6
        ),
        Panel(
            "Scanning processes replaced",
            "ops",
            {rate("leakstream_scan_worker_restarts_total", "reason"): "{{reason}}"},
            "After a crash, a timeout, or too much memory.",
            width=6,
        ),
        Panel(
            "Dead rules and decoders",
            "short",
            {
                "sum(leakstream_rule_alive == bool 0) or vector(0)": "rules",
                "sum(leakstream_decoder_alive == bool 0) or vector(0)": "decoders",
            },
            "Those that did not find what the self-test last planted for them; the alert names them. 0 is good.",
            width=12,
        ),
        Panel(
            "Event loop behind",
            "s",
            {"max by (instance) (leakstream_event_loop_lag_seconds)": "{{instance}}"},
            "How late timers run; above half a second a process has too little CPU.",
            width=12,
        ),
    ),
    "Sources": (
        Panel(
            "Captured",
            "percentunit",
            {"min by (source) (leakstream_capture_ratio)": "{{source}}"},
            "Share of what the feed published that was fetched, over the last hour.",
            number=True,
            bad_below=0.8,
        ),
        Panel(
            "Blind",
            "short",
            {"max by (source) (leakstream_source_blind)": "{{source}}"},
            "1: the source sees nothing.",
            number=True,
            bad_above=0,
        ),
        Panel(
            "Last heard",
            "s",
            {"time() - max by (source) (leakstream_source_last_success_timestamp_seconds)": "{{source}}"},
            "How long ago each source last answered as it should.",
            number=True,
        ),
        Panel(
            "Documents",
            "ops",
            {rate("leakstream_documents_total", "source"): "{{source}}"},
            "Documents put on the bus.",
        ),
        Panel(
            "Items",
            "ops",
            {rate("leakstream_source_items_total", "source", "state"): "{{source}} {{state}}"},
            "What became of what the feeds listed.",
        ),
        Panel(
            "Requests",
            "reqps",
            {rate("leakstream_source_requests_total", "source", "outcome"): "{{source}} {{outcome}}"},
            "Requests to each source, by outcome.",
        ),
        Panel(
            "Budget left",
            "short",
            {"min by (source) (leakstream_source_budget_remaining_requests)": "{{source}}"},
            "Requests that the source's limit still allows in its window.",
        ),
        Panel(
            "Budget spent",
            "reqps",
            {rate("leakstream_source_budget_total", "source", "purpose"): "{{source}} {{purpose}}"},
            "What the requests went to: polls, what is watched, what is likely to hold something, the rest.",
        ),
        Panel(
            "Waiting",
            "short",
            {"sum by (source, rank) (leakstream_source_backlog)": "{{source}} {{rank}}"},
            "What was listed and waits to be read; what is beyond the budget is dropped, machines' work first.",
        ),
        Panel(
            "Captured, as the ledger estimates it",
            "percentunit",
            {
                "min by (source) (leakstream_capture_low) or vector(0)": "{{source}} at least",
                "max by (source) (leakstream_capture_high) or vector(0)": "{{source}} at most",
            },
            "Nine times of ten the share that was listed lies between the two.",
        ),
        Panel(
            "Publication to bus",
            "s",
            quantiles("leakstream_source_delay_seconds", "source"),
            "How late documents arrive.",
        ),
        Panel(
            "Size of documents",
            "bytes",
            quantiles("leakstream_document_bytes", "source"),
            "Content put on the bus.",
        ),
    ),
}
