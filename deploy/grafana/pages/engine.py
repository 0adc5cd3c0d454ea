"""Engine: how fast documents are scanned, which rules cost most, and which of them are right."""

from __future__ import annotations

from typing import Final

from panels import (
    INSTANCE,
    SHOWN,
    Board,
    Kind,
    Panel,
    Row,
    board,
    console,
    ever,
    happened,
    label,
    most,
    quantiles,
    rate,
    summed,
)

_VERDICTS: Final = "leakstream_rule_verdicts_total"
_OF_RULE: Final = (
    console("Show its exposures", f"/exposures?state=all&rule={label('rule')}"),
    console("The rules", "/rules"),
)
_CONFIRMED: Final = summed(happened(_VERDICTS, 'verdict="confirmed"'), "rule")
_JUDGED: Final = summed(happened(_VERDICTS, 'verdict=~"confirmed|false_positive"'), "rule")

_SPEED: Final = Row(
    "Speed",
    (
        Panel(
            "Scanned",
            "Content scanned by all matchers.",
            "As much as is collected: the lag stays level.",
            {rate("leakstream_scanned_bytes_total", where=INSTANCE): "bytes a second"},
            unit="Bps",
            width=6,
            links=(board("The lag", "leakstream-stream"),),
        ),
        Panel(
            "Speed while scanning",
            "Bytes for each second that a scanning process works.",
            "Above 50 MB/s with many documents. Few small ones make it look slow.",
            {
                f"{rate('leakstream_scanned_bytes_total', where=INSTANCE)} / {rate('leakstream_scan_seconds_sum', where=INSTANCE)}": "bytes a second of scanning"
            },
            unit="Bps",
            width=6,
            none="nothing was scanned",
        ),
        Panel(
            "Time of a batch",
            "In the scanning process.",
            "Below 0.1 s; after match.job_seconds the process is replaced.",
            quantiles("leakstream_scan_seconds", where=INSTANCE),
            unit="s",
            width=6,
            none="nothing was scanned",
        ),
        Panel(
            "Batches",
            "Scanned a second, by process.",
            "Alike in every process.",
            {rate("leakstream_scan_seconds_count", "instance", where=INSTANCE): "{{instance}}"},
            unit="ops",
            width=6,
        ),
        Panel(
            "Busy",
            "Share of its time that each matcher spends scanning, with one scanning process each.",
            "Below 70 %. Above it more copies, or more processes ([match] processes).",
            {rate("leakstream_scan_seconds_sum", "instance", where=INSTANCE): "{{instance}}"},
            unit="percentunit",
            width=12,
            bad_above=0.7,
        ),
        Panel(
            "Findings",
            "Put on the bus, from all rules.",
            "As yesterday.",
            {rate("leakstream_findings_total", where=INSTANCE): "findings a second"},
            unit="ops",
            width=12,
            none="nothing was found yet",
        ),
    ),
)

_COST: Final = Row(
    "Rules, by cost",
    (
        Panel(
            "Time spent confirming",
            "Seconds of the time shown, of the rules that cost most.",
            "No rule with much more than the others: one that is, has a literal that is too common.",
            {most(15, "leakstream_rule_confirm_seconds_total", "rule", where=INSTANCE): "{{rule}}"},
            kind=Kind.BARS,
            unit="s",
            height=12,
            none="nothing had to be confirmed",
            links=_OF_RULE,
        ),
        Panel(
            "Raw matches",
            "Before anything is confirmed, of the loudest rules in the time shown.",
            "Hundreds to a finding are usual for rules without a prefix of their own.",
            {most(15, "leakstream_rule_hits_total", "rule", where=INSTANCE): "{{rule}}"},
            kind=Kind.BARS,
            height=12,
            none="nothing matched",
            links=_OF_RULE,
        ),
        Panel(
            "Raw matches to one finding",
            "Of the rules that found something in the time shown: the most wasteful.",
            "Below 100. Above it the expression could say more.",
            {
                f"topk(15, sum by (rule) ({happened('leakstream_rule_hits_total', INSTANCE)})"
                f" / (sum by (rule) ({happened('leakstream_findings_total', INSTANCE)}) > 0))": "{{rule}}"
            },
            kind=Kind.BARS,
            height=12,
            none="nothing was found in this time",
            links=_OF_RULE,
        ),
    ),
)

_PRECISION: Final = Row(
    "Rules, by precision",
    (
        Panel(
            "Precision of all rules",
            "Of the exposures that people closed as confirmed or false positive in the time shown, the share that was confirmed.",
            "Above 90 %.",
            {f"sum({_CONFIRMED}) / sum({_JUDGED})": "confirmed"},
            kind=Kind.NUMBER,
            unit="percentunit",
            width=4,
            height=12,
            bad_below=0.9,
            none="nobody judged anything in this time",
        ),
        Panel(
            "Least precise rules",
            "Share that people confirmed, of the rules with the smallest.",
            "No rule below 50 % that was judged ten times.",
            {f"bottomk(15, ({_CONFIRMED} or 0 * {_JUDGED}) / ({_JUDGED} > 0))": "{{rule}}"},
            kind=Kind.BARS,
            unit="percentunit",
            width=10,
            height=12,
            bad_below=0.5,
            none="nobody judged anything in this time",
            links=_OF_RULE,
        ),
        Panel(
            "Judgements, by rule",
            "How often people judged a rule's exposures in the time shown.",
            "Enough to believe the share beside it.",
            {f"topk(20, sum by (rule, verdict) ({happened(_VERDICTS)}) > 0)": "{{rule}}: {{verdict}}"},
            kind=Kind.BARS,
            width=10,
            height=12,
            none="nobody judged anything in this time",
            links=_OF_RULE,
        ),
    ),
)

_PROCESSES: Final = Row(
    "Processes",
    (
        Panel(
            "Memory of scanning processes",
            "Held after the last batch.",
            "Level. [match] memory_mib above its start it is replaced.",
            {f"max by (instance) (leakstream_scan_worker_resident_bytes{{{INSTANCE}}})": "{{instance}}"},
            unit="bytes",
            width=6,
        ),
        Panel(
            "Scanning processes replaced",
            "In the time shown, after a crash, a timeout, or too much memory.",
            "0. More than five in 15 minutes open a ticket.",
            {
                f"sum by (reason) (increase(leakstream_scan_worker_restarts_total{{{INSTANCE}}}{SHOWN}))": "{{reason}}"
            },
            kind=Kind.NUMBER,
            width=6,
            height=7,
            bad_above=0,
        ),
        Panel(
            "Event loop behind",
            "How late timers run.",
            "Below 0.1 s; above half a second a process has too little CPU.",
            {f"max by (instance) (leakstream_event_loop_lag_seconds{{{INSTANCE}}})": "{{instance}}"},
            unit="s",
            width=6,
            bad_above=0.5,
        ),
        Panel(
            "Documents put aside by the matcher",
            "Dead letters of the stage match in the time shown.",
            "0. `leakstream dlq list` shows them.",
            {ever("leakstream_dead_letters_total", 'stage="match"'): "records"},
            kind=Kind.NUMBER,
            width=6,
            height=7,
            bad_above=0,
        ),
    ),
)

BOARD: Final = Board(
    "leakstream-engine",
    "leakstream: engine",
    "How fast documents are scanned, what each rule costs, and how often people found it right.",
    (_SPEED, _COST, _PRECISION, _PROCESSES),
    variables=("instance",),
    since="now-6h",
)
