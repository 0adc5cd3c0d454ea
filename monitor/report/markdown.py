"""A report as Markdown that a regulator or a board can read. Pure and deterministic: the same facts give the same text to the byte.

Every foreign text (places, titles, authors, names of people) passes `monitor.untrusted`; values are masked previews. Lines of prose are
wrapped, tables are not.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from monitor.alerting.ownership import Level
from monitor.report import coverage_words
from monitor.report.gather import Report
from monitor.report.timeline import looks, timeline
from monitor.report.words import count, length, moment
from monitor.untrusted import Sink, untrusted

_WIDTH: Final = 100
_PLACES: Final = 20
_STANDS: Final = {
    "public": "still public",
    "cleaned": "not in the present version, but in the history",
    "removed": "removed",
    "unknown": "not looked at again",
}


class Language(StrEnum):
    """For whom: everything with its digests, or what a board needs."""

    TECHNICAL = "technical"
    PLAIN = "plain"


def render(report: Report, language: Language = Language.TECHNICAL) -> str:
    """The whole text, with a newline at its end."""
    technical = language is Language.TECHNICAL
    parts = [
        _head(report),
        ("In short", _short(report)),
        ("What leaked", _what(report, technical=technical)),
        ("Whose it is, and why we think so", _whose(report)),
        ("When", _when(report)),
        ("Where", _where(report, technical=technical)),
        ("How sure we are that it is real", _sure(report)),
        ("Personal data", _personal(report)),
        ("What was done, and what there is to do", _done(report)),
        ("What was seen, and what was not", coverage_words.seen(report)),
        ("How this can be checked", coverage_words.checks(report, technical=technical)),
    ]
    lines: list[str] = []
    for title, body in parts:
        if body:
            lines += [f"{'##' if lines else '#'} {title}", "", *body, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _head(report: Report) -> tuple[str, list[str]]:
    row, maker = report.row, report.maker
    title = f"Exposure report: {_md(row.title or row.rule)}"
    drill = (
        [*_prose("**This is an exercise: no credential of anybody leaked.**"), ""]
        if row.mode == "exercise"
        else []
    )
    return title, [
        *drill,
        *_table(
            ("", ""),
            [
                ("Exposure", f"`{row.id[:12]}`"),
                ("State", f"{row.state}, opening {row.opening}"),
                ("Severity", row.severity),
                ("Report made", f"{moment(maker.at)} by {_md(maker.actor)}"),
            ],
        ),
    ]


def _short(report: Report) -> list[str]:
    row, window = report.row, report.window
    named = [part for part in (row.repository, row.path) if part and row.level != Level.NONE]
    place = _md(" ".join(named)) or "a place that is not kept"
    was = "could be" if window.until is None else "could have been"
    since = length(window.seconds(report.maker.at))
    known = "its publication" if row.first_published is not None else "when it was first seen"
    sentences = [
        f"{_md(row.title or row.rule)}, found at {place}.",
        f"Counted from {known}, it {was} read by anybody for {since}.",
        {
            Level.PROVED: "It is proved to be ours.",
            Level.CLAIMED: "It is said to be ours, by what anybody can write; that is no proof.",
            Level.NONE: "Nothing shows that it is ours.",
        }[Level(row.level)],
        "It is still open."
        if row.state == "open"
        else f"It is closed: {row.close_reason.replace('_', ' ')}.",
    ]
    if report.todo.duty and report.todo.duty.people:
        sentences.append(
            f"It holds data of at least {count(report.todo.duty.people, 'person').replace('persons', 'people')}."
        )
    return _prose(" ".join(sentences))


def _what(report: Report, *, technical: bool) -> list[str]:
    row = report.row
    watched = row.level != Level.NONE
    rows = [
        ("Kind", _md(row.title or row.rule)),
        ("Provider", _md(row.provider)),
        ("Value, masked", _md(row.preview) if watched and row.preview else "not shown"),
    ]
    if watched:
        rows += [(_md(name.replace("_", " ")), _md(value)) for name, value in sorted(row.facts.items())]
    if technical:
        rows += [("Rule", _md(row.rule)), ("Fingerprint", f"`{row.id}`")]
        rows += [("Further parts", _md(", ".join(row.parts)))] if row.parts else []
    note = "leakstream keeps no plain text of a secret: the fingerprint is a keyed hash of it, and the value is shown masked."
    return [*_table(("", ""), rows), "", *_prose(note)]


def _whose(report: Report) -> list[str]:
    row = report.row
    if not report.reasons:
        return _prose(
            "Nothing in the value, its place or what stands beside it names anything that we watch."
        )
    lead = f"Ownership: {row.level}, {row.score} of 100. *Proved* is what a stranger cannot arrange; *claimed* is what anybody can write."
    return [*_prose(lead), "", *[line for reason in report.reasons for line in _item("-", _md(reason))]]


def _when(report: Report) -> list[str]:
    window, now = report.window, report.maker.at
    if window.until is None:
        said = f"The window is still open: {length(window.seconds(now))} at the time of this report."
    else:
        said = f"The window was {length(window.seconds(now))}, from {moment(window.since)} to {moment(window.until)}; it ended by being {window.ended_by}."
    if report.row.first_published is None:
        said += " The place does not say when it was published: the window begins when it was first seen, and may have begun earlier."
    events = timeline(report.row, report.told, report.history)
    rows = [(moment(event.at), _md(event.what), _md(event.who)) for event in events]
    viewed = looks(report.history)
    note = f"{count(viewed, 'look')} at this exposure by people {'is' if viewed == 1 else 'are'} in the access log."
    return [*_prose(said), "", *_table(("Time", "What", "Who"), rows), "", *_prose(note)]


def _where(report: Report, *, technical: bool) -> list[str]:
    row = report.row
    if row.level == Level.NONE:
        return _prose("Places of what is nobody's we watch are not kept.")
    asked = {each.number: each.word for each in report.asked}
    rows = []
    for kept in report.places[:_PLACES]:
        place = kept["place"]
        where = (
            place.get("url")
            if not place.get("repository")
            else f"{place.get('forge', '')}/{place['repository']} {place.get('path', '')}"
        )
        cells = [
            str(kept["number"]),
            _md((where or place.get("title") or kept["source"]).strip())
            + (f" line {place['line']}" if place.get("line") else ""),
            moment(kept["seen_at"]),
            moment(kept["published_at"]) if kept["published_at"] is not None else "not said",
            kept["source"],
            _STANDS[kept["public"]],
        ]
        if technical:
            cells += [
                _md(place.get("commit", "")[:12]),
                _md(place.get("author", "")),
                asked.get(kept["number"], ""),
            ]
        rows.append(tuple(cells))
    head = ["No.", "Place", "Seen", "Published", "Source", "Now"]
    head += ["Commit", "Author (as written)", "In the ledger"] if technical else []
    more = row.sightings - len(rows)
    note = (
        f"{count(row.sightings, 'place')} in all"
        + (f", {more} of them not listed here" if more > 0 else "")
        + "."
    )
    if row.checked_at is not None:
        note += f" Last looked at {moment(row.checked_at)}: {_STANDS[row.public]}."
    return [*_table(head, rows), "", *_prose(note)]


def _sure(report: Report) -> list[str]:
    row = report.row
    said = {
        "proved": f"Proved offline ({_md(row.check)}): the value itself shows that it was made by the provider's algorithm.",
        "unprovable": "The value cannot be proved offline: its form and surroundings fit.",
        "refuted": f"The offline check ({_md(row.check)}) says that the value is none.",
    }[row.verdict]
    return _prose(
        f"{said} Confidence of the rule: {row.confidence}. The credential was not tried against the provider: we never do that."
    )


def _personal(report: Report) -> list[str]:
    duty = report.todo.duty
    if duty is None:
        return []
    people = f"at least {duty.people}" if duty.people else "not counted"
    deadline = moment(duty.deadline) if duty.deadline is not None else "no term is named"
    rows = [
        ("Kinds of data", duty.data),
        ("People concerned", people),
        ("Law", duty.law),
        ("Aware since, at the earliest", moment(duty.aware)),
        ("Authority to be notified", f"{_md(duty.authority)}, by {deadline}"),
        ("Who decides", _md(duty.contact)),
        ("People concerned are told", duty.tell_people),
    ]
    note = "The clock counts from when the monitor saw the data, which is the strictest reading; whether the data is ours and the breach must be notified is for people to decide."
    source = [f"Source: <{duty.source}>"] if duty.source else []
    return [*_table(("", ""), rows), "", *_prose(note), *([""] if source else []), *source]


def _done(report: Report) -> list[str]:
    row = report.row
    done = []
    if row.acknowledged_at is not None:
        done.append(f"Taken in hand by {_md(row.acknowledged_by)} at {moment(row.acknowledged_at)}.")
    if row.revoked_at is not None:
        done.append(f"Revoked since {moment(row.revoked_at)}.")
    if row.removed_at is not None:
        done.append(f"Found at none of its known places any more since {moment(row.removed_at)}.")
    if row.closed_at is not None:
        note = f" Note: {_md(row.close_note)}" if row.close_note else ""
        done.append(
            f"Closed by {_md(row.closed_by)} at {moment(row.closed_at)}: {row.close_reason.replace('_', ' ')}.{note}"
        )
    lines = [line for each in done or ["Nothing is recorded yet."] for line in _item("-", each)]
    steps = [line for n, step in enumerate(report.todo.steps, 1) for line in _item(f"{n}.", _md(step))]
    lead = "What there is to do for this kind of credential, in order:"
    return ["Done:", "", *lines, "", lead, "", *steps]


def _md(text: str) -> str:
    return untrusted(text, Sink.MARKDOWN)


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _item(mark: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"{mark} ",
        subsequent_indent=" " * (len(mark) + 1),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(cell or ' ' for cell in row)} |" for row in rows]
