"""What `coverage prove` and `coverage verify` do and say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.commands.errors import Failure
from monitor.commands.spans import length, shown
from monitor.coverage import proof
from monitor.coverage.answer import (
    LATE,
    NO_ENTRY,
    Answer,
    Blind,
    ItemsGone,
    Question,
    Reading,
    Word,
    answer,
    concerns,
    of_sources,
)
from monitor.coverage.reach import readers_of
from monitor.coverage.seals import Signed
from monitor.coverage.signing import Signer
from monitor.store import evidence
from monitor.store.engine import Store


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was called: `sources` empty = those that read the forge, by their names."""

    forge: str
    name: str
    at: float
    span: float
    within: float
    sources: tuple[str, ...] = ()
    watched: bool = False


async def prove(
    store: Store, asked: Asked, *, signer: Signer | None, now: float
) -> tuple[Answer, bytes, list[str]]:
    """The answer, its proof, and what is to be said beside them. Raises Failure, LedgerBroken."""
    question = Question(
        asked.forge, asked.name, asked.at, asked.span, asked.within, asked.sources, asked.watched
    )
    async with store.read() as connection:
        told = await evidence.around(connection, question)
        if not asked.sources:
            known = readers_of(asked.forge, (each.event.source for each in told))
            question = replace(question, sources=known)
        try:
            found = answer(question, told)
        except ItemsGone as error:
            raise Failure(
                f"what was listed at {shown(asked.at)} UTC is dropped by age (35 days); a proof that was made before still holds",
                status=1,
            ) from error
        if found.word is Word.SEEN:
            found = replace(found, seen=found.seen[:1])
            numbers = [found.seen[0].entry]
        else:
            about = [each for each in told if concerns(question, each.event)]
            numbers = [each.seq for each in about if of_sources(question, each.event)]
            if any(span.reason == NO_ENTRY for span in found.blind):
                numbers = sorted({*numbers, *await evidence.beside(connection, asked.at)})
        cited, seals, chain = await evidence.cite(connection, numbers)
    notes = [f"asked: {', '.join(question.sources) or 'no source has told anything of that time'}"]
    loose = sum(not each.seal for each in cited)
    if len(cited) == 1:
        notes += [
            f"the entry as it stands: {cited[0].entry.body}",
            f"its hash: {cited[0].entry.hash.hex()}",
        ]
    notes += [f"under seal {each.seal().number} of {each.seal().day}: {each.hash}" for each in seals]
    if len(cited) > 1:
        notes.append(f"{len(cited)} entries tell of it, {len(cited) - loose} of them sealed")
    if found.word is Word.NOT_SEEN and now < asked.at + LATE:
        notes.append(f"a feed may list it yet: ask again after {shown(asked.at + LATE)} UTC")
    if loose:
        notes.append(
            "its day is not sealed yet: the proof has the chain to the present head"
            + (
                ", and is signed"
                if signer
                else "; it is not signed, and proves nothing before the day's seal"
            )
        )
    made = proof.make(question, found, cited, seals, chain, at=now, signer=signer)
    return found, made, notes


def told(asked: Asked, found: Answer) -> list[str]:
    """The answer in words."""
    what = (
        f"{asked.name} on {asked.forge} at {shown(asked.at)} UTC (give or take {length(asked.within) or '0'})"
    )
    lines = [f"{found.word.value}: {what}"]
    for seen in found.seen:
        published = f"published {shown(seen.published)}" if seen.published else "publication not told"
        repair = f", while filling a span of {seen.repairs}" if seen.repairs else ""
        feed = f"{seen.source} {seen.feed}".strip()
        why = f" ({seen.reasons})" if seen.reasons else ""
        lines += [
            f"  {seen.outcome}{why} by {feed}{repair}: {published}, listed between {shown(seen.since)} and {shown(seen.until)}",
            f"  entry {seen.entry} of the ledger, written {shown(seen.written)}",
        ]
    lines += [_blind(span) for span in found.blind]
    lines += [_reading(reading) for reading in found.readings]
    if found.word is Word.NOT_SEEN:
        lines.append("  none of the listings around that time held it")
    return lines


def verified(raw: bytes, keys: Iterable[str]) -> list[str]:
    """What a proof that holds shows. Raises ProofError."""
    believed = list(keys)
    found = proof.verify(raw, believed)
    q = found.question
    lines = told(Asked(q.forge, q.name, q.at, q.span, q.within, q.sources), found.answer)
    lines.append(f"asked: {', '.join(q.sources) or 'no source had told anything of that time'}")
    lines += _seals(found.seals)
    if found.unsealed:
        lines.append(
            f"{found.unsealed} entries are not sealed yet: signed as the head stood {shown(found.at)} UTC"
        )
    if not believed:
        lines.append(
            f"signed by {', '.join(found.keys) or 'nobody'}: compare it with the key that you were given, or call with --key"
        )
    return ["the proof holds", *lines]


def _seals(signed: Sequence[Signed]) -> list[str]:
    lines = []
    for each in signed:
        seal = each.seal()
        lines.append(f"under seal {seal.number} of {seal.day}, made {shown(seal.at)} UTC: {each.hash}")
    return lines


def _blind(span: Blind) -> str:
    name = f"{span.source} {span.feed}".strip() or "nobody looked"
    filled = f"filled by {span.repaired_by}" if span.repaired_by else "not filled"
    return f"  {name}: {span.reason} from {shown(span.since)} to {shown(span.until)}, {filled}"


def _reading(reading: Reading) -> str:
    name = f"{reading.source} {reading.feed}".strip()
    if reading.capture is None or reading.low is None or reading.high is None:
        return f"  {name} looked; how much of that minute it saw is not known"
    return (
        f"  {name} saw {reading.capture:.1%} of that minute ({reading.low:.1%} to {reading.high:.1%}):"
        f" it would have missed this with {1 - reading.capture:.1%}"
    )
