"""Sources: one row for each, from the request to the bus."""

from __future__ import annotations

from typing import Final

from panels import SOURCE, Board, Kind, Panel, Row, console, label, quantiles, rate

_ANSWERED: Final = f"max by (source) (leakstream_source_last_success_timestamp_seconds{{{SOURCE}}})"
_LIMIT: Final = f"max by (source) (leakstream_source_freshness_limit_seconds{{{SOURCE}}})"
_NOT_ASKED: Final = "it asks nobody: others hand in, or it reads what lies here"
_NO_FEED: Final = "it does not say how much it published"
_STATES: Final = {0: ("sees", "green"), 1: ("blind", "red")}

_ALL: Final = Row(
    "All of them",
    (
        Panel(
            "Blind",
            "When a source saw nothing.",
            "Green throughout.",
            {f"max by (source) (leakstream_source_blind{{{SOURCE}}})": "{{source}}"},
            kind=Kind.STATES,
            words=_STATES,
        ),
        Panel(
            "Silence, as a share of what is allowed",
            "How long ago each source last answered as it should, as a share of its limit (three polls, at least a minute).",
            "Below 1. Above it the source is stale, and its objective loses minutes.",
            {f"(time() - {_ANSWERED}) / {_LIMIT}": "{{source}}"},
            bad_above=1,
            none=_NOT_ASKED,
        ),
        Panel(
            "Documents",
            "Put on the bus, by source.",
            "As yesterday. A source that is at 0 while others are not is to be looked at.",
            {rate("leakstream_documents_total", "source", where=SOURCE): "{{source}}"},
            unit="ops",
        ),
    ),
)

_EACH: Final = Row(
    "$source",
    (
        Panel(
            "Sees",
            "Whether it sees anything at this moment.",
            "sees. blind: the requests below say why.",
            {f"max(leakstream_source_blind{{{SOURCE}}})": "now"},
            kind=Kind.NUMBER,
            width=3,
            words=_STATES,
        ),
        Panel(
            "Last heard",
            "How long ago it last answered as it should, and how long it may be silent.",
            "The first below the second.",
            {f"time() - max({_ANSWERED})": "silent for", f"max({_LIMIT})": "allowed"},
            kind=Kind.NUMBER,
            unit="s",
            width=6,
            none="nothing came yet",
        ),
        Panel(
            "Share seen",
            "Of what it published in the last hour the share that was fetched; and the interval in which nine times of ten"
            " the share lies that was listed.",
            "At least what you set as `[objectives] seen_share`.",
            {
                f"max(leakstream_capture_ratio{{{SOURCE}}})": "fetched",
                f"min(leakstream_capture_low{{{SOURCE}}})": "listed, at least",
                f"max(leakstream_capture_high{{{SOURCE}}})": "at most",
            },
            kind=Kind.NUMBER,
            unit="percentunit",
            width=8,
            none=_NO_FEED,
        ),
        Panel(
            "Budget",
            "Requests that its limit still allows in the window, and in all.",
            "More than a tenth left.",
            {
                f"min(leakstream_source_budget_remaining_requests{{{SOURCE}}})": "left",
                f"max(leakstream_source_budget_limit_requests{{{SOURCE}}})": "of",
            },
            kind=Kind.NUMBER,
            width=7,
            none=_NOT_ASKED,
            links=(console("Coverage in the console", "/coverage"),),
        ),
        Panel(
            "Requests, by outcome",
            "What it was asked, and how it answered.",
            "ok and not_modified. limited, refused and error are explained in docs/reference/sources/.",
            {rate("leakstream_source_requests_total", "outcome", where=SOURCE): "{{outcome}}"},
            unit="reqps",
            width=6,
            none=_NOT_ASKED,
        ),
        Panel(
            "Requests, by what for",
            "Polls, what is watched, what is likely to hold something, the rest.",
            "Polls and what is watched are always paid; the rest takes what is left.",
            {rate("leakstream_source_budget_total", "purpose", where=SOURCE): "{{purpose}}"},
            unit="reqps",
            width=6,
            none="its requests are not shared out by worth",
        ),
        Panel(
            "What became of its items",
            "Listed, fetched, known already, skipped on purpose, lost.",
            "Nothing lost.",
            {rate("leakstream_source_items_total", "state", where=SOURCE): "{{state}}"},
            unit="ops",
            width=6,
            none="it lists nothing",
        ),
        Panel(
            "Waiting",
            "Listed and not read yet, by what it is worth.",
            "Falls between bursts. What is beyond the budget is dropped, machines' work first.",
            {f"sum by (rank) (leakstream_source_backlog{{{SOURCE}}})": "{{rank}}"},
            width=6,
            none="nothing of it waits",
        ),
        Panel(
            "Publication to bus",
            "How late its documents arrive. A dot is one document.",
            "Its own delay and one poll.",
            quantiles("leakstream_source_delay_seconds", where=SOURCE),
            unit="s",
            width=6,
            none="it tells no time of publication",
            exemplars=True,
        ),
        Panel(
            "Documents",
            "Put on the bus.",
            "As yesterday.",
            {rate("leakstream_documents_total", where=SOURCE): "documents a second"},
            unit="ops",
            width=6,
            links=(console("What was found there", f"/exposures?state=all&source={label('source')}"),),
        ),
        Panel(
            "Size of documents",
            "Content put on the bus.",
            "Level. A jump is another kind of content.",
            quantiles("leakstream_document_bytes", where=SOURCE),
            unit="bytes",
            width=6,
            none="nothing came in this time",
        ),
        Panel(
            "Blind time, by reason",
            "Share of the time in which it saw nothing, as the ledger tells.",
            "0.",
            {
                f"{rate('leakstream_blind_seconds_total', 'reason', where=SOURCE)} or sum(vector(0))": "{{reason}}"
            },
            unit="percentunit",
            width=6,
        ),
    ),
    each="source",
)

BOARD: Final = Board(
    "leakstream-sources",
    "leakstream: sources",
    "Each source from the request to the bus: is it heard, how much of it is seen, what does it cost, how late is it.",
    (_ALL, _EACH),
    variables=("each_source",),
)
