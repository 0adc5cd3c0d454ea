"""`leakstream coverage show|plot|prove|verify|check|seals|seal|key`: what was seen, what was not, and the proof that the ledger said so.

The service need not run; `verify` needs neither a store nor a configuration.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from monitor.app import ledger_key, watching
from monitor.commands import proving, spans
from monitor.commands.coverage_lines import COUNTS, By, blind_line, cells, name_of, share_of
from monitor.commands.errors import Failure
from monitor.commands.ledger import with_ledger
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.config import Config
from monitor.contracts import CoverageEvent
from monitor.coverage.answer import CONTEXT
from monitor.coverage.blind import blind_intervals
from monitor.coverage.estimate import Minute, minutes
from monitor.coverage.plot import plot as draw
from monitor.coverage.proof import ProofError
from monitor.coverage.seals import Signed
from monitor.coverage.signing import LedgerKeyError, Signer, create_signer, load_signer
from monitor.coverage.summary import rows, telling
from monitor.store import evidence, ledger
from monitor.store.engine import Store
from monitor.untrusted import Sink, untrusted

app = typer.Typer(
    help="What was seen of each source, what was not and why; and the proof that the ledger said so then.",
    no_args_is_help=True,
)
_LINE = 10_000  # characters: an entry is shown whole


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


Source = Annotated[list[str] | None, typer.Option("--source", help="Only this source; may be repeated.")]
Since = Annotated[
    str, typer.Option(help="How far back: 30m, 24h, 7d, or a time (2026-11-22T14:00, UTC).", metavar="SPAN")
]
FormatOption = Annotated[Format, typer.Option("--format", help="A table to read, or JSON, an object a line.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="coverage")


@app.command("show")
def show(
    config: ConfigOption = None,
    source: Source = None,
    since: Since = "24h",
    by: Annotated[By | None, typer.Option(help="A row for each; default: one row for all of it.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what each source and feed published (expected, with its 90 % interval), and what was listed, fetched, scanned, skipped and lost.

    `capture` is listed of expected; both expected and capture count the minutes of which something is known. Below the table: when a source was blind, why, and who filled it since. Times are UTC.
    """
    events, begin, end = _events(read_config(config), source, since)
    found = rows(telling(minutes(events, begin, end)), by.seconds if by else None)
    blind = [span for span in blind_intervals(events) if span.until > begin]
    if form is Format.JSON:
        for row in found:
            typer.echo(orjson.dumps({"kind": "counts", **asdict(row)}))
        for span in blind:
            typer.echo(orjson.dumps({"kind": "blind", **asdict(span)}))
        return
    table = new_table("source", *(["from"] if by else []), *COUNTS)
    for row in found:
        table.add_row(*cells(row, start=by is not None))
    print_table(table, f"{spans.shown(begin)} to {spans.shown(end)} UTC, {len(events)} entries of the ledger")
    for span in blind:
        typer.echo(blind_line(span))


@app.command("plot")
def plot(config: ConfigOption = None, source: Source = None, since: Since = "24h") -> None:
    """Draw each feed's capture over time. On the axis: x = blind, + = blind and filled since; no block over it = nothing known or nothing seen."""
    events, begin, end = _events(read_config(config), source, since)
    by_feed: dict[tuple[str, str], list[Minute]] = {}
    for minute in telling(minutes(events, begin, end)):
        by_feed.setdefault((minute.source, minute.feed), []).append(minute)
    if not by_feed:
        typer.echo("nothing is in the ledger for that time")
    for found in by_feed.values():
        (row,) = rows(found)
        typer.echo(f"{name_of(row)}  capture {share_of(row)}")
        for line in draw(found, begin, end, width=min(160, shutil.get_terminal_size().columns)):
            typer.echo(line)


@app.command("prove")
def prove(
    repo: Annotated[
        str, typer.Option(help="owner/name; on a site without repositories its owner.", show_default=False)
    ],
    at: Annotated[
        str,
        typer.Option(
            help="When it was published: 14:03, 14:03:20 or 2026-11-22T14:03 (UTC).", show_default=False
        ),
    ],
    config: ConfigOption = None,
    forge: Annotated[str, typer.Option(help="The forge or site that it is on.")] = "github.com",
    date: Annotated[str, typer.Option(help="The day (2026-11-22); default: today, UTC.")] = "",
    within: Annotated[str, typer.Option(help="How far off the time may be.")] = "5m",
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source", help="Who could have seen it; default: the sources of that forge. May be repeated."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the proof here, for `leakstream coverage verify`.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Say whether something of a repository was seen at a time: seen, not seen (somebody looked, and it was not there), or blind.

    The proof has what anybody needs to check the answer without this store. Exit status 0 whatever the answer is, 1 when the ledger cannot
    tell any more (items are kept 35 days) or is broken.
    """
    found = read_config(config)
    moment, span = spans.moment(at, date, now=time.time())
    watched = watching(found).is_watched(forge, repo)
    asked = proving.Asked(forge, repo, moment, span, spans.seconds(within), tuple(source or ()), watched)
    signer = _signer(found)
    answer, proof, notes = with_ledger(
        found, lambda store: proving.prove(store, asked, signer=signer, now=time.time())
    )
    if out is not None:
        out.write_bytes(proof)
        notes = [
            *notes,
            f"proof: {out}, {len(proof)} bytes; check it with `leakstream coverage verify {out}`",
        ]
    if form is Format.JSON:
        typer.echo(orjson.dumps({**asdict(answer), "notes": notes, "proof": orjson.loads(proof)}))
        return
    for line in [*proving.told(asked, answer), *notes]:
        typer.echo(untrusted(line, Sink.TERMINAL, limit=_LINE))


@app.command("verify")
def verify(
    proof: Annotated[Path, typer.Argument(help="What `coverage prove --out` wrote.", show_default=False)],
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            help="The ledger's public key as you were given it (64 hex, from `coverage key`); may be repeated. Without it the key that the"
            " proof itself names is believed: compare it.",
        ),
    ] = None,
) -> None:
    """Check a proof, offline, without a store. Exit status 0 = it holds, 1 = it does not, 2 = wrong call.

    It shows that the holder of the key wrote then what the proof says, not that the feed told him the truth.
    """
    keys = [spans.public_key(text) for text in key or ()]
    try:
        raw = proof.read_bytes()
    except OSError as error:
        raise Failure(f"{proof}: {error.strerror}") from error
    try:
        lines = proving.verified(raw, keys)
    except ProofError as error:
        raise Failure(f"{proof} does not hold: {error}", status=1) from error
    for line in lines:
        typer.echo(untrusted(line, Sink.TERMINAL))


@app.command("check")
def check(config: ConfigOption = None) -> None:
    """Walk the whole ledger: every entry continues the one before, items are those written, every seal is signed and over its entries.

    Exit status 0 = whole, 1 = broken; the first place is named.
    """

    async def walk(store: Store) -> None:
        async with store.read() as connection:
            head, count, seals = await evidence.check(connection)
        keys = sorted({seal.key for seal in seals})
        typer.echo(f"{count} entries, the last is {head.seq}: whole")
        sealed = f"to entry {seals[-1].last}, {spans.shown(seals[-1].until)} UTC" if seals else "nothing yet"
        typer.echo(f"{len(seals)} seals, {sealed}; signed by {', '.join(keys) or 'nobody yet'}")

    with_ledger(read_config(config), walk)


@app.command("seals")
def seals(config: ConfigOption = None, since: Since = "36500d", form: FormatOption = Format.TABLE) -> None:
    """List the seals, oldest first. Keep them (--format json) where this machine's administrators cannot write: a seal kept outside is what
    holds the past to what it was.
    """
    found = with_ledger(read_config(config), lambda store: _seals(store, spans.since(since, now=time.time())))
    if form is Format.JSON:
        for each in found:
            typer.echo(
                orjson.dumps({"hash": each.hash, "body": each.body, "signature": each.signature.hex()})
            )
        return
    table = new_table("seal", "day", "until", "entries", "hash")
    for each in found:
        seal = each.seal()
        table.add_row(str(seal.number), seal.day, spans.shown(seal.until), str(seal.count), each.hash)
    print_table(table, f"{len(found)} seals")


@app.command("seal")
def seal(config: ConfigOption = None) -> None:
    """Seal now what is written, before the day's end. Needs the ledger's key: run it as the service's user."""
    found = read_config(config)
    signer = load_signer(ledger_key(found))

    async def write(store: Store) -> Signed:
        async with store.write() as connection:
            return await ledger.seal_now(connection, signer, time.time())

    made = with_ledger(found, write)
    typer.echo(f"seal {made.seal().number} over {made.seal().count} entries: {made.hash}")


@app.command("key")
def key(
    config: ConfigOption = None,
    new: Annotated[bool, typer.Option("--new", help="Make a new one, where it was lost for good.")] = False,
) -> None:
    """Print the ledger's public key: give it to whoever is to check proofs."""
    path = ledger_key(read_config(config))
    if new and path.exists():
        raise Failure(f"{path} is there: a key is never overwritten")
    typer.echo((create_signer(path) if new else load_signer(path)).public)


def _signer(config: Config) -> Signer | None:
    """None where this user may not read the key: seals are signed already, and the proof says what it lacks."""
    try:
        return load_signer(ledger_key(config))
    except LedgerKeyError as error:
        print(f"leakstream: the proof will not be signed itself: {error}", file=sys.stderr)  # noqa: T201
        return None


def _events(
    config: Config, sources: Sequence[str] | None, since: str
) -> tuple[list[CoverageEvent], float, float]:
    now = time.time()
    begin = spans.since(since, now=now)

    async def read(store: Store) -> list[CoverageEvent]:
        async with store.read() as connection:
            entries = ledger.overlapping(connection, begin - CONTEXT, now)
            told = [entry.told().event async for entry in entries]
        wanted = set(sources or ())
        return [e for e in told if not wanted or e.source in wanted or e.repairs.split(" ")[0] in wanted]

    return with_ledger(config, read), begin, now


async def _seals(store: Store, since: float) -> list[Signed]:
    async with store.read() as connection:
        return await ledger.all_seals(connection, since=since)
