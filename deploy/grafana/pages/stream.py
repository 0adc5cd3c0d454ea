"""Stream health: how much is seen, how late it comes, what is left out, and whether the promises hold."""

from __future__ import annotations

from typing import Final

from pages.host import AROUND
from pages.objectives import budgets, burning
from panels import INSTANCE, SOURCE, Board, Kind, Panel, Row, board, ever, label, most, quantiles, rate

from monitor.metrics.objectives import OBJECTIVES, PAGE_SECONDS

_NO_FEED: Final = "no source here says how much it published"

_GLANCE: Final = Row(
    "At a glance",
    (
        Panel(
            "Processes up",
            "Share of the scraped processes that answer.",
            "100 %.",
            {'avg(up{job="leakstream"})': "up"},
            kind=Kind.NUMBER,
            unit="percentunit",
            width=3,
            bad_below=1,
        ),
        Panel(
            "Stages ready",
            "By stage whether it can do its work.",
            "Each 1. At 0 /readyz of that stage says why.",
            {"min by (stage) (leakstream_ready)": "{{stage}}"},
            kind=Kind.NUMBER,
            width=6,
            bad_below=1,
        ),
        Panel(
            "Share seen, at least",
            "Of what the sources that tell it published in the last hour, the share that was fetched: the worst source.",
            "What you pay for: `[objectives] seen_share`.",
            {f"min(max by (source) (leakstream_capture_ratio{{{SOURCE}}}))": "seen"},
            kind=Kind.NUMBER,
            unit="percentunit",
            width=4,
            none=_NO_FEED,
            links=(board("Each source", "leakstream-sources"),),
        ),
        Panel(
            "Lost to retention",
            "Records that retention took unread, in the time shown.",
            "0. The coverage ledger names what is lost.",
            {ever("leakstream_bus_lost_records_total"): "records"},
            kind=Kind.NUMBER,
            width=4,
            bad_above=0,
        ),
        Panel(
            "Dead letters",
            "Records put aside in the time shown.",
            "0. `leakstream dlq list` shows them.",
            {ever("leakstream_dead_letters_total"): "records"},
            kind=Kind.NUMBER,
            width=3,
            bad_above=0,
        ),
        Panel(
            "Ledger",
            "Whether the chain of the coverage ledger holds.",
            "holds.",
            {"max(leakstream_ledger_broken)": "ledger"},
            kind=Kind.NUMBER,
            width=4,
            words={0: ("holds", "green"), 1: ("broken", "red")},
        ),
    ),
)

_PROMISES: Final = Row(
    "Objectives", (budgets(), *(burning(each, width=24 // len(OBJECTIVES)) for each in OBJECTIVES))
)

_COVERAGE: Final = Row(
    "Coverage",
    (
        Panel(
            "Share seen",
            "Of what each source published in the last hour, the share that was fetched, and the interval in which"
            " nine times of ten the share lies that was listed.",
            "Level, and the interval narrow. A fall to half opens a ticket.",
            {
                f"max by (source) (leakstream_capture_ratio{{{SOURCE}}})": "{{source}}",
                f"min by (source) (leakstream_capture_low{{{SOURCE}}})": "{{source}} at least",
                f"max by (source) (leakstream_capture_high{{{SOURCE}}})": "{{source}} at most",
            },
            unit="percentunit",
            none=_NO_FEED,
            links=(board("This source", "leakstream-sources", source=label("source")),),
        ),
        Panel(
            "Blind",
            "When a source saw nothing. The same is marked in every graph.",
            "Green throughout.",
            {f"max by (source) (leakstream_source_blind{{{SOURCE}}})": "{{source}}"},
            kind=Kind.STATES,
            words={0: ("sees", "green"), 1: ("blind", "red")},
            links=(board("This source", "leakstream-sources", source=label("source")),),
        ),
        Panel(
            "Blind time, by reason",
            "Seconds of the time shown in which sources saw nothing, as the ledger tells: outage, limit, gap, silent …",
            "0.",
            {
                f"{most(12, 'leakstream_blind_seconds_total', 'source', 'reason', where=SOURCE)} or sum(vector(0))": "{{source}} {{reason}}"
            },
            kind=Kind.BARS,
            unit="s",
        ),
    ),
)

_LAG: Final = Row(
    "Lag",
    (
        Panel(
            "Unread records",
            "Records that each group of readers has before it.",
            "Few, or falling. Growing all day: more copies of that stage are needed.",
            {f"max by (group, topic) (leakstream_bus_lag_records{{{INSTANCE}}})": "{{group}} {{topic}}"},
        ),
        Panel(
            "Age of the oldest unread record",
            "By group and topic.",
            "Seconds. Above five minutes and growing opens a ticket.",
            {
                f"max by (group, topic) (leakstream_bus_oldest_unread_seconds{{{INSTANCE}}})": "{{group}} {{topic}}"
            },
            unit="s",
            bad_above=300,
        ),
        Panel(
            "Retention used",
            "Age of the oldest unread record as a share of the topic's retention.",
            "Far below the line: at 100 % unread records are lost; at 50 % it pages.",
            {
                f"max by (group, topic) (leakstream_bus_retention_used_ratio{{{INSTANCE}}})": "{{group}} {{topic}}"
            },
            unit="percentunit",
            bad_above=0.5,
        ),
    ),
)

_LATENCY: Final = Row(
    "Latency, stage by stage",
    (
        Panel(
            "Publication to bus",
            "Feed, poll and fetch, by source.",
            "The feed's own delay and one poll.",
            quantiles("leakstream_source_delay_seconds", "source", where=SOURCE),
            unit="s",
            width=6,
            none="nothing with a time of publication came in",
            exemplars=True,
            links=(board("This source", "leakstream-sources", source=label("source")),),
        ),
        Panel(
            "Fetch to finding",
            "Collector, bus and matcher.",
            "Below a second; a lag shows here first.",
            quantiles("leakstream_fetch_to_match_seconds", where=INSTANCE),
            unit="s",
            width=6,
            none="nothing was found in this time",
            exemplars=True,
            links=(board("The engine", "leakstream-engine"),),
        ),
        Panel(
            "Fetch to notifier",
            "Up to the notifier's answer.",
            "Little more than to the finding: else a notifier is slow.",
            quantiles("leakstream_fetch_to_notify_seconds", where=INSTANCE),
            unit="s",
            width=6,
            none="nobody was told anything in this time",
            exemplars=True,
            links=(board("The notifiers", "leakstream-exposures"),),
        ),
        Panel(
            "Publication to page",
            "The whole way, as the objective counts it.",
            f"p99 below {PAGE_SECONDS:.0f} s.",
            quantiles("leakstream_publish_to_notify_seconds", where=INSTANCE),
            unit="s",
            width=6,
            bad_above=PAGE_SECONDS,
            none="nobody was paged in this time",
            exemplars=True,
        ),
    ),
)

_LEFT_OUT: Final = Row(
    "What is left out, put aside, tried again",
    (
        Panel(
            "Left out, by reason",
            "What was left out on purpose or cut by a budget.",
            "The same reasons as yesterday, at the same height.",
            {rate("leakstream_dropped_total", "stage", "reason", where=INSTANCE): "{{stage}}: {{reason}}"},
            unit="ops",
            none="nothing was left out",
        ),
        Panel(
            "Dead letters, by reason",
            "Records put aside.",
            "Nothing. worker_*: a document broke its scanning process, perhaps on purpose.",
            {
                f"{rate('leakstream_dead_letters_total', 'stage', 'reason', where=INSTANCE)} > 0 or sum(vector(0))": "{{stage}} {{reason}}"
            },
            unit="ops",
        ),
        Panel(
            "Held back and tried again",
            "Times that the bus could take no more, by reason, and batches tried again, by stage.",
            "0. A stage that tries again all the time waits for a store or for brokers: its log says for which.",
            {
                f"{rate('leakstream_backpressure_total', 'reason', where=INSTANCE)} or sum(vector(0))": "held back {{reason}}",
                rate("leakstream_batch_retries_total", "stage", where=INSTANCE): "again {{stage}}",
            },
            unit="ops",
        ),
    ),
)

_BUDGETS: Final = Row(
    "Requests",
    (
        Panel(
            "Budget left",
            "Of the requests that each source's limit allows in a window, the share that is left.",
            "Above 10 %. At 0 the source waits for the window to end and sees nothing.",
            {
                f"min by (source) (leakstream_source_budget_remaining_requests{{{SOURCE}}})"
                f" / max by (source) (leakstream_source_budget_limit_requests{{{SOURCE}}} > 0)": "{{source}}"
            },
            unit="percentunit",
            width=12,
            none="no source here has a limit",
            links=(board("This source", "leakstream-sources", source=label("source")),),
        ),
        Panel(
            "Requests, by outcome",
            "To all sources.",
            "ok and not_modified. limited: ask less often, or give it another token.",
            {rate("leakstream_source_requests_total", "outcome", where=SOURCE): "{{outcome}}"},
            unit="reqps",
            width=12,
            none="no source here asks anybody",
        ),
    ),
)


BOARD: Final = Board(
    "leakstream-stream",
    "leakstream: stream health",
    "How much of the public stream is seen, how late it comes through, what is left out, and whether the objectives are kept.",
    (_GLANCE, _PROMISES, _COVERAGE, _LAG, _LATENCY, _LEFT_OUT, _BUDGETS, AROUND),
    variables=("source", "instance"),
)
