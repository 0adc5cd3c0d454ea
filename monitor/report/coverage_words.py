"""What the ledger says, as sentences of a report: who watched, how much was seen, when nobody looked, and how to check it."""

from __future__ import annotations

import textwrap
from typing import Final

from monitor.coverage.deliveries import Deliveries
from monitor.report.asking import Asked
from monitor.report.gather import Report
from monitor.report.statement import Statement
from monitor.report.words import count, length, moment, share
from monitor.untrusted import Sink, untrusted

_WIDTH: Final = 100
_BLIND: Final = 40  # spans that are listed
_SEALS: Final = 40
_ENTRIES: Final = 20
_BUS: Final = "bus:"  # sources that tell of our own topics


def seen(report: Report) -> list[str]:
    """The statement for the window, and how far it answers whether there was more."""
    said = report.statement
    lines = _prose(_span(said))
    if said.watched:
        lines += ["", *_watched(said)]
    lines += ["", *_blind(said)]
    if report.deliveries is not None:
        lines += ["", *_prose(_deliveries(report.deliveries))]
    for each in report.asked:
        lines += ["", *_prose(_asked(each))]
    return [*lines, "", *_prose(_conclusion(said))]


def checks(report: Report, *, technical: bool) -> list[str]:
    """The versions, the digests and the commands that show that this was said then."""
    said, maker = report.statement, report.maker
    lead = (
        "The ledger is a chain in which each entry hashes the one before; each day is sealed and signed. Whoever kept a seal outside can"
        " hold the past to it: `leakstream coverage check` walks the chain, `leakstream coverage prove` makes a proof of a single"
        " publication for whoever has neither our store nor our word."
    )
    lines = _prose(lead)
    if not technical:
        return [
            *lines,
            "",
            *_prose(
                f"Made with leakstream {maker.version}; {count(len(said.seals), 'seal')} over the window."
            ),
        ]
    rows = [
        ("Program", f"leakstream {_md(maker.version)}"),
        ("Rule set", f"`{maker.rules}`" if maker.rules else "not known"),
        ("Ledger's public key", f"`{maker.key}`" if maker.key else "not readable by who made this"),
        ("Head of the chain", f"`{said.head}`" if said.head else "nothing is written"),
        ("Entries behind the last seal", str(said.unsealed)),
    ]
    lines += ["", "| | |", "|---|---|", *[f"| {name} | {value} |" for name, value in rows]]
    if not said.seals:
        return [*lines, "", *_prose("No seal covers this time yet: a day is sealed when it is over.")]
    lines += ["", "| Seal | Day | Entries | Digest | Signed by |", "|---|---|---|---|---|"]
    for seal in said.seals[:_SEALS]:
        lines.append(
            f"| {seal.number} | {seal.day} | {seal.first} to {seal.last} | `{seal.digest}` | `{seal.key}` |"
        )
    more = len(said.seals) - _SEALS
    return [*lines, *(["", *_prose(f"{more} more seals follow.")] if more > 0 else [])]


def _span(said: Statement) -> str:
    if not said.begun:
        return "Nothing is in the coverage ledger: no source has told what it saw, so nothing can be said of what was not seen."
    text = f"Of {moment(said.since)} to {moment(said.until)} the coverage ledger holds {count(said.entries, 'entry').replace('entrys', 'entries')}."
    if said.cut:
        text += " The window is longer: this is its newest part, what was before is not reckoned here."
    if said.begun > said.since:
        text += f" It tells of nothing before {moment(said.begun)}."
    return text


def _watched(said: Statement) -> list[str]:
    lines = [
        "| Source | Published (90 %) | Listed | Fetched | Scanned | Lost | Captured (90 %) |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in said.watched:
        capture = each.capture
        expected = (
            "not known"
            if each.expected is None
            else f"{each.expected:.0f} ({each.low:.0f} to {each.high:.0f})"
        )
        shares = (
            "not known"
            if capture is None
            else f"{share(capture[0])} ({share(capture[1])} to {share(capture[2])})"
        )
        lines.append(
            f"| {_md(f'{each.source} {each.feed}'.strip())} | {expected} | {each.listed:.0f} | {each.fetched:.0f} |"
            f" {each.scanned:.0f} | {each.lost:.0f} | {shares} |"
        )
    return lines


def _blind(said: Statement) -> list[str]:
    if not said.blind:
        return _prose("No blind interval is told for that time.") if said.begun else []
    lines = [
        "Blind intervals:",
        "",
        "| Source | From | To | Length | Why | Filled since |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {_md(f'{span.source} {span.feed}'.strip())} | {moment(span.since)} | {moment(span.until)} |"
        f" {length(span.until - span.since)} | {_md(span.reason)} | {_md(span.repaired_by) or 'no'} |"
        for span in said.blind[:_BLIND]
    ]
    more = len(said.blind) - _BLIND
    return [
        *lines,
        *(
            ["", f"{more} more blind intervals are left out; `leakstream coverage show` has all."]
            if more > 0
            else []
        ),
    ]


def _deliveries(each: Deliveries) -> str:
    name = _md(each.webhook)
    text = f"The webhook {name} took {count(each.delivered, 'event')} in the window, as far as the ledger holds it"
    if each.first is None or each.last is None:
        return f"{text}; of wrong ones it tells nothing in that time."
    entries = [str(number) for number in each.entries[:_ENTRIES]]
    more = len(each.entries) - len(entries)
    told = f"entries {', '.join(entries)}" + (f" and {more} more" if more > 0 else "")
    return (
        f"{text}; {each.wrong} of them should not have been delivered, the first at {moment(each.first)}, the last at"
        f" {moment(each.last)} ({told}). Each has its digest there: `leakstream deliveries prove` answers for a single one."
    )


def _asked(each: Asked) -> str:
    if each.seen is not None:
        published = f", published {moment(each.seen.published)}" if each.seen.published else ""
        return (
            f"Place {each.number}: the ledger holds that publication in entry {each.seen.entry}, written {moment(each.seen.written)}:"
            f" {each.seen.outcome} by {_md(f'{each.seen.source} {each.seen.feed}'.strip())}{published}."
        )
    return {
        "not seen": f"Place {each.number}: the listings around its publication did not hold it; it was found in another way.",
        "blind": f"Place {each.number}: nobody was looking where and when it was published; it was found later.",
        "": f"Place {each.number}: what was listed when it was published is dropped by age; only its digests are kept.",
    }[each.word]


def _conclusion(said: Statement) -> str:
    """How far "there was no more" can be said."""
    outside = "It says nothing of places that no source reads, of private copies, or of who used the credential: that is in the provider's audit log."
    watched = [each for each in said.watched if not each.source.startswith(_BUS)]
    if not watched:
        return (
            f"That there was no other publication cannot be shown: no source watched at that time. {outside}"
        )
    known = [(each, each.capture) for each in watched if each.capture is not None]
    dark = sum(span.until - span.since for span in said.blind if not span.repaired_by)
    text = "That there was no other publication cannot be shown for certain; this is how far it can."
    for each, capture in known:
        assert capture is not None
        text += (
            f" While it was watched, one more in what {_md(f'{each.source} {each.feed}'.strip())} lists would have been missed with {share(1 - capture[0])}"
            f" (at most {share(1 - capture[1])})."
        )
    if len(known) < len(watched):
        text += f" For {count(len(watched) - len(known), 'feed')} no share is known."
    text += (
        f" Of {length(dark)} in all, feeds added up, nothing was seen and nothing was filled since."
        if dark
        else ""
    )
    return f"{text} {outside}"


def _md(text: str) -> str:
    return untrusted(text, Sink.MARKDOWN)


def _prose(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
