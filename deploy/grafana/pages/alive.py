"""Alive: what has gone silent, and since when."""

from __future__ import annotations

from typing import Final

from panels import SHOWN, Board, Kind, Panel, Row, board, label, quantiles, rate

from monitor.metrics.objectives import FRESH

_CANARY: Final = "leakstream_selftest_last_success_timestamp_seconds"
_DRILLED: Final = "max by (source) (leakstream_drill_last_success_timestamp_seconds)"
_EVERY: Final = "max by (source) (leakstream_drill_interval_seconds)"
_FRESH: Final = {0: ("silent", "red"), 1: ("heard", "green")}
_LIVES: Final = {0: ("not found", "red"), 1: ("found", "green")}
_NO_DRILLS: Final = "no drill is configured"
# alerts that say that something which ought to speak does not
SILENCES: Final = (
    "LeakstreamDecoderDead",
    "LeakstreamDrillMissed",
    "LeakstreamDrillsSilent",
    "LeakstreamHeartbeatFailing",
    "LeakstreamInstanceDown",
    "LeakstreamNotReady",
    "LeakstreamNothingSeen",
    "LeakstreamNotifierUnreached",
    "LeakstreamReconcilerStale",
    "LeakstreamRuleDead",
    "LeakstreamSelftestSilent",
    "LeakstreamSourceBlind",
    "LeakstreamSourceDry",
    "LeakstreamSourceSilent",
    "LeakstreamStageMissing",
)
_SINCE: Final = "alertname, severity, source, rule, encoding, stage, notifier, outcome, instance"

_LOOK: Final = Row(
    "One look",
    (
        Panel(
            "Last canary",
            "How long ago a canary last came through the whole service, from collector to alerting.",
            "Below two minutes: one is planted every minute. Above ten it pages.",
            {f"time() - max({_CANARY} > 0)": "ago"},
            kind=Kind.NUMBER,
            unit="s",
            width=4,
            bad_above=600,
            none="none came through yet",
        ),
        Panel(
            "Heartbeats",
            "Told to the dead-man switch outside, in the last ten minutes.",
            "As many as canaries, about ten. At 0 the switch calls.",
            {'sum(increase(leakstream_heartbeats_total{outcome="delivered"}[10m]))': "delivered"},
            kind=Kind.NUMBER,
            width=4,
            bad_below=1,
            none="no [heartbeat] url is configured",
        ),
        Panel(
            "Silent sources",
            "Sources whose last good answer is older than their limit.",
            "0.",
            {f"count(({FRESH}) == 0) or vector(0)": "sources"},
            kind=Kind.NUMBER,
            width=4,
            bad_above=0,
            links=(board("Each source", "leakstream-sources"),),
        ),
        Panel(
            "Missed drills",
            "Ways whose newest drill told nobody in time.",
            "0. `leakstream drill list` says where it got stuck.",
            {"sum(max by (source) (leakstream_drill_missed)) or vector(0)": "missed"},
            kind=Kind.NUMBER,
            width=4,
            bad_above=0,
        ),
        Panel(
            "Dead rules and decoders",
            "Those that did not find what was last planted for them.",
            "0 of both.",
            {
                "sum(min by (rule) (leakstream_rule_alive) == bool 0) or vector(0)": "rules",
                "sum(min by (encoding) (leakstream_decoder_alive) == bool 0) or vector(0)": "decoders",
            },
            kind=Kind.NUMBER,
            width=5,
            bad_above=0,
        ),
        Panel(
            "Processes that do not answer",
            "Of those that Prometheus asks.",
            "0.",
            {'count(up{job="leakstream"} == 0) or vector(0)': "down"},
            kind=Kind.NUMBER,
            width=3,
            bad_above=0,
        ),
    ),
)

_SILENT: Final = Row(
    "What is silent, and since when",
    (
        Panel(
            "Silent",
            "Everything that ought to speak and does not, from the alerts of deploy/prometheus, also before they tell anybody.",
            "Empty.",
            {
                f'sort_desc(time() - max by ({_SINCE}) (ALERTS_FOR_STATE{{alertname=~"{"|".join(SILENCES)}"}}))': ""
            },
            kind=Kind.TABLE,
            unit="s",
            width=24,
            none="nothing is silent",
            columns={"alertname": "what", "Value": "for"},
        ),
    ),
)

_SOURCES: Final = Row(
    "Sources",
    (
        Panel(
            "Heard",
            "Whether each source's last good answer was recent enough: three polls, at least a minute.",
            "Green throughout. A red band says from when to when.",
            {FRESH: "{{source}}"},
            kind=Kind.STATES,
            width=12,
            words=_FRESH,
            none="no source here is asked",
            links=(board("This source", "leakstream-sources", source=label("source")),),
        ),
        Panel(
            "Last good answer",
            "How long ago.",
            "Seconds to minutes. Sources that others hand in to are silent when nobody does.",
            {"time() - max by (source) (leakstream_source_last_success_timestamp_seconds > 0)": "{{source}}"},
            kind=Kind.BARS,
            unit="s",
            width=12,
            none="none answered yet",
            links=(board("This source", "leakstream-sources", source=label("source")),),
        ),
    ),
)

_DRILLS: Final = Row(
    "Drills: is somebody told?",
    (
        Panel(
            "Newest drill",
            "Whether the newest drill through each source was told in time.",
            "Green throughout.",
            {"max by (source) (leakstream_drill_missed)": "{{source}}"},
            kind=Kind.STATES,
            width=6,
            words={0: ("told", "green"), 1: ("missed", "red")},
            none=_NO_DRILLS,
        ),
        Panel(
            "Since the last drill that was told",
            "In intervals of [drills] every.",
            "Below 1, or a little above. At 3 a ticket is opened.",
            {f"(time() - ({_DRILLED} > 0)) / {_EVERY}": "{{source}}"},
            width=6,
            bad_above=3,
            none="none was told yet",
        ),
        Panel(
            "Time to page of drills",
            "From planting until the last notifier that hears of drills had its page, in the time shown.",
            "As short as that of real pages.",
            quantiles("leakstream_drill_seconds", "source", over=SHOWN),
            kind=Kind.BARS,
            unit="s",
            width=6,
            none="no drill was told in this time",
        ),
        Panel(
            "Drills, by outcome",
            "In the time shown.",
            "told, and none missed.",
            {
                f"sum by (source, outcome) (increase(leakstream_drills_total{SHOWN}))": "{{source}} {{outcome}}"
            },
            kind=Kind.BARS,
            width=6,
            none=_NO_DRILLS,
        ),
    ),
)

_RULES: Final = Row(
    "Rules and decoders: does each find what is planted for it?",
    (
        Panel(
            "Rules and decoders that were tried",
            "In the last two days; a round takes a day.",
            "As many rules as are loaded, less those that only complete others.",
            {
                "count(max by (rule) (leakstream_rule_alive)) or vector(0)": "rules",
                "count(max by (encoding) (leakstream_decoder_alive)) or vector(0)": "decoders",
            },
            kind=Kind.NUMBER,
            width=4,
            height=10,
        ),
        Panel(
            "Dead rules",
            "Rules that did not find what was last planted for them, while they did not.",
            "Empty.",
            {"(min by (rule) (leakstream_rule_alive)) == 0": "{{rule}}"},
            kind=Kind.STATES,
            width=10,
            height=10,
            words=_LIVES,
            none="every rule that was tried found what was planted",
            links=(board("Its cost and precision", "leakstream-engine"),),
        ),
        Panel(
            "Decoders",
            "Whether a canary in each encoding was last found.",
            "Green throughout.",
            {"min by (encoding) (leakstream_decoder_alive)": "{{encoding}}"},
            kind=Kind.STATES,
            width=10,
            height=10,
            words=_LIVES,
            none="none was tried yet",
        ),
    ),
)

_WAY: Final = Row(
    "The way",
    (
        Panel(
            "Canary to alerting",
            "How long canaries take through collector, bus, matcher and alerting.",
            "Below a second.",
            quantiles("leakstream_selftest_seconds"),
            unit="s",
            none="no canary came through in this time",
            links=(board("Where the time goes", "leakstream-stream"),),
        ),
        Panel(
            "Canaries",
            "Planted, and come to alerting: ok, late (proves nothing), early (a clock is ahead).",
            "As many ok as planted.",
            {
                rate("leakstream_selftest_planted_total"): "planted",
                rate("leakstream_selftest_seen_total", "outcome"): "{{outcome}}",
            },
            unit="ops",
        ),
        Panel(
            "Heartbeats, by outcome",
            "To the dead-man switch; withheld: the canary came through, but nobody could have been told.",
            "delivered only.",
            {rate("leakstream_heartbeats_total", "outcome"): "{{outcome}}"},
            unit="ops",
            none="no [heartbeat] url is configured",
        ),
    ),
)

BOARD: Final = Board(
    "leakstream-alive",
    "leakstream: alive",
    "What has gone silent, and since when: sources, drills, rules, decoders, the self-test, the dead-man switch.",
    (_LOOK, _SILENT, _SOURCES, _DRILLS, _RULES, _WAY),
    since="now-24h",
)
