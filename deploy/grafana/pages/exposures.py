"""Exposures: for whoever is called."""

from __future__ import annotations

from typing import Final

from pages.objectives import burning, objective
from pages.telling import TELLING
from panels import (
    SEVERITY,
    SHOWN,
    Board,
    Kind,
    Panel,
    Row,
    board,
    console,
    ever,
    label,
    most,
    quantiles,
    rate,
)

from monitor.metrics.objectives import PAGE_SECONDS

_OPEN: Final = f"max by (severity, owned) (leakstream_exposures_open{{{SEVERITY}}})"
_OURS: Final = f'max by (severity, owned) (leakstream_exposures_open{{owned!="none", {SEVERITY}}})'
_PAGED: Final = "leakstream_publish_to_notify_seconds"
_EVERYTHING: Final = "state=all&owned=proved&owned=claimed&owned=none"
_NOBODY: Final = "nobody was paged in this time"

_NOW: Final = Row(
    "Now",
    (
        Panel(
            "Ours and open",
            "Open exposures that are proved or claimed to be ours.",
            "0: whatever was found is dealt with. Each of them is waiting for somebody.",
            {f"sum({_OURS})": "ours"},
            kind=Kind.NUMBER,
            width=4,
            bad_above=0,
            links=(console("Show them", "/exposures?state=open"),),
        ),
        Panel(
            "Proved ours, high or critical",
            "Open exposures whose owner is proved and that open something.",
            "0. They come first.",
            {
                'sum(max by (severity, owned) (leakstream_exposures_open{owned="proved", severity=~"high|critical"}))': "first"
            },
            kind=Kind.NUMBER,
            width=4,
            bad_above=0,
            links=(
                console("Show them", "/exposures?state=open&owned=proved&severity=critical&severity=high"),
            ),
        ),
        Panel(
            "Oldest that can still be read",
            "For how long the oldest exposure has been readable that is neither gone nor dead.",
            "Hours, not days: until it is revoked or removed anybody may use it.",
            {"max(leakstream_window_longest_open_seconds)": "open for"},
            kind=Kind.NUMBER,
            unit="s",
            width=4,
            bad_above=86400,
            links=(console("Show what is open", "/exposures?state=open"),),
        ),
        Panel(
            "Time to page, p99",
            f"From publication to the first notifier's answer, of 99 pages of 100 in the time shown; the objective is {PAGE_SECONDS:.0f} s.",
            f"Below {PAGE_SECONDS:.0f} s.",
            {f"histogram_quantile(0.99, sum by (le) (rate({_PAGED}_bucket{SHOWN})))": "p99"},
            kind=Kind.NUMBER,
            unit="s",
            width=4,
            bad_above=PAGE_SECONDS,
            none=_NOBODY,
            links=(board("Where the time goes", "leakstream-stream"),),
        ),
        Panel(
            "Not told yet",
            "Notifications that no notifier has taken yet.",
            "0, or a few for a moment.",
            {"sum(max by (notifier) (leakstream_outbox_pending))": "waiting"},
            kind=Kind.NUMBER,
            width=4,
            bad_above=100,
        ),
        Panel(
            "Held on purpose",
            "Notifications that wait since somebody silenced them, or to be told together with others.",
            "What you silenced, and no more.",
            {"sum(max by (notifier) (leakstream_outbox_held))": "held"},
            kind=Kind.NUMBER,
            width=4,
        ),
    ),
)

_STANDING: Final = Row(
    "Open",
    (
        Panel(
            "Open, by severity and owner",
            "Open exposures of this moment. proved and claimed are ours; none is nobody's whom we know.",
            "The bars of proved are empty.",
            {f"sort_desc({_OPEN})": "{{severity}}, {{owned}}"},
            kind=Kind.BARS,
            height=9,
            links=(
                console(
                    "Show them",
                    f"/exposures?state=open&severity={label('severity')}&owned={label('owned')}",
                ),
            ),
        ),
        Panel(
            "Open, by severity",
            "Ours and others', over time.",
            "It falls, or stays level: as much is closed as is found.",
            {f"sum by (severity) ({_OPEN})": "{{severity}}"},
            height=9,
            links=(console("Show them", f"/exposures?state=open&severity={label('severity')}"),),
        ),
        Panel(
            "New in an hour",
            "Exposures opened, opened again, or become more severe in the hour before each moment.",
            "As yesterday. A step up is a new source, a new rule, or an incident.",
            {
                'sum by (change) (increase(leakstream_exposures_total{change=~"opened|reopened|escalated"}[1h]))': "{{change}}"
            },
            kind=Kind.COUNTS,
            height=9,
            links=(console("Show the newest", "/exposures?state=open"),),
        ),
    ),
)

_SPEED: Final = Row(
    "How fast people are told",
    (
        Panel(
            "Time to page",
            "From publication to the first notifier's answer. A dot is one page; its trace id is in the log of every stage.",
            f"p99 below the dashed line, the objective of {PAGE_SECONDS:.0f} s.",
            quantiles(_PAGED),
            unit="s",
            bad_above=PAGE_SECONDS,
            none=_NOBODY,
            exemplars=True,
        ),
        Panel(
            "Paged in time",
            f"Share of the pages of the time shown whose first notifier answered within {PAGE_SECONDS:.0f} s of publication.",
            f"At least {objective('time_to_page').target:.0%}.",
            {
                f'sum(rate({_PAGED}_bucket{{le="{PAGE_SECONDS}"}}{SHOWN})) / sum(rate({_PAGED}_count{SHOWN}))': "in time"
            },
            kind=Kind.NUMBER,
            unit="percentunit",
            height=7,
            width=4,
            bad_below=objective("time_to_page").target,
            none=_NOBODY,
        ),
        burning(objective("time_to_page"), width=12),
    ),
)

_WINDOWS: Final = Row(
    "Windows of exposure",
    (
        Panel(
            "For how long secrets could be read",
            "From publication until the secret was gone (removed) or dead (revoked): the windows that ended in the time shown.",
            "Minutes for what is revoked. What is only removed was copied before.",
            {
                f"histogram_quantile({q}, sum by (le, ended_by) (rate(leakstream_window_seconds_bucket{SHOWN})))": f"{{{{ended_by}}}} {name}"
                for q, name in ((0.5, "half"), (0.9, "nine of ten"))
            },
            kind=Kind.BARS,
            unit="s",
            none="no window ended in this time",
        ),
        Panel(
            "How windows ended",
            "How many ended in the time shown, by what ended them.",
            "More revoked than removed.",
            {f"sum by (ended_by) (increase(leakstream_window_seconds_count{SHOWN}))": "{{ended_by}}"},
            kind=Kind.NUMBER,
            height=7,
            width=4,
        ),
        Panel(
            "Looks at what was found",
            "Places asked about again, and the answers: still public, cleaned but in the history, removed, no answer.",
            "As many answers as questions.",
            {rate("leakstream_rechecks_total", "outcome"): "{{outcome}}"},
            unit="ops",
            width=12,
        ),
    ),
)

_ORIGIN: Final = Row(
    "Where it comes from",
    (
        Panel(
            "Top sources",
            "The sources that were the first to show an exposure, ours or others', in the time shown.",
            "The same ones every day. A source that is missing shows nothing new: look whether it is blind.",
            {most(10, "leakstream_source_exposures_total", "source"): "{{source}}"},
            kind=Kind.BARS,
            width=12,
            height=10,
            none="nothing was opened in this time",
            links=(
                console("Show what it showed", f"/exposures?{_EVERYTHING}&source={label('source')}"),
                board("This source", "leakstream-sources", source=label("source")),
            ),
        ),
        Panel(
            "Top rules",
            "The rules with the most findings in the time shown.",
            "The same ones every day. A new one at the top is an incident, or a rule that has become too loud.",
            {most(10, "leakstream_findings_total", "rule"): "{{rule}}"},
            kind=Kind.BARS,
            width=12,
            height=10,
            none="nothing was found in this time",
            links=(
                console("Show its exposures", f"/exposures?{_EVERYTHING}&rule={label('rule')}"),
                board("Its cost and precision", "leakstream-engine"),
            ),
        ),
    ),
)

_JUDGED: Final = Row(
    "What people and the policy said of it",
    (
        Panel(
            "What people said",
            "Exposures that persons closed in the time shown: confirmed, false positive, or something else.",
            "Mostly confirmed. False positives say which rule to make stricter.",
            {
                ever("leakstream_rule_verdicts_total", f'verdict="{verdict}"'): text
                for verdict, text in (
                    ("confirmed", "confirmed"),
                    ("false_positive", "false positive"),
                    ("other", "other"),
                )
            },
            kind=Kind.NUMBER,
            height=10,
            width=4,
            links=(console("Show what is closed", "/exposures?state=closed"),),
        ),
        Panel(
            "False positives, by rule",
            "Rules whose exposures people closed as false positives in the time shown.",
            "Empty, or few. A rule that stays at the top is to be made stricter.",
            {
                most(
                    10, "leakstream_rule_verdicts_total", "rule", where='verdict="false_positive"'
                ): "{{rule}}"
            },
            kind=Kind.BARS,
            height=10,
            width=10,
            none="nobody called anything a false positive",
            links=(console("Show its exposures", f"/exposures?state=closed&rule={label('rule')}"),),
        ),
        Panel(
            "Decisions",
            "What the policy made of findings, and the row that decided: page, ticket, record, drop.",
            "Few pages. A row that never decides is missing from the list: `leakstream policy explain`.",
            {most(12, "leakstream_policy_decisions_total", "action", "reason"): "{{action}}: {{reason}}"},
            kind=Kind.BARS,
            height=10,
            width=10,
            none="nothing was decided in this time",
        ),
    ),
)


BOARD: Final = Board(
    "leakstream-exposures",
    "leakstream: exposures",
    "What leaked, whose it is, how fast people were told, and for how long it could be read.",
    (_NOW, _STANDING, _SPEED, _WINDOWS, _ORIGIN, _JUDGED, TELLING),
    variables=("severity",),
    since="now-24h",
)
