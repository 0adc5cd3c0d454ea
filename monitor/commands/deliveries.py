"""`leakstream deliveries show|prove`: did it happen, to how many, how often, since when; and was this one event delivered, with proof."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from sqlalchemy import select

from monitor.app import digests_of, ledger_key, webhooks
from monitor.commands import proving, spans
from monitor.commands.ledger import with_ledger
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.coverage.deliveries import Deliveries, is_of_webhook, needs_items, summed
from monitor.coverage.signing import LedgerKeyError, load_signer
from monitor.misdelivery import ALL, FAMILY, SOURCE, WRONG, Kind
from monitor.store import evidence, ledger
from monitor.store.engine import Store
from monitor.store.tables import exposures
from monitor.untrusted import Sink, untrusted

app = typer.Typer(
    help="Deliveries made for your own subscriptions: what came that should not have. See docs/how-to/misdelivery.md.",
    no_args_is_help=True,
)
_LINE = 10_000
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="deliveries")


@app.command("show")
def show(
    config: ConfigOption = None,
    since: Annotated[
        str,
        typer.Option(help="How far back: 24h, 90d, or a time (2026-11-22T14:00, UTC).", metavar="SPAN"),
    ] = "365d",
    as_json: JsonOption = False,
) -> None:
    """Show for each webhook how many events came, how many should not have, when the first and the last, and how many people they concern.

    Below the table: the ledger's entries that say so, with their hashes and seals. `people` counts the whole exposure. Exit status 1 when
    something wrong was delivered in that time.
    """
    found = read_config(config)
    now = time.time()
    begin = spans.since(since, now=now)
    rows, cited, count, known = with_ledger(found, lambda store: _read(store, begin, now))
    named = {row.webhook for row in rows}
    rows = sorted([*rows, *(Deliveries(name) for name in webhooks(found) if name not in named)], key=_name)
    if as_json:
        for row in rows:
            typer.echo(orjson.dumps({"kind": "webhook", **asdict(row), **known.get(row.webhook, {})}))
        for entry in cited:
            typer.echo(orjson.dumps({"kind": "entry", **entry}))
    else:
        _print(
            rows, cited, known, f"since {spans.shown(begin)} UTC; {count} entries of the ledger tell of it"
        )
    if any(row.wrong for row in rows):
        raise typer.Exit(1)


@app.command("prove")
def prove(
    webhook: Annotated[str, typer.Argument(help="Its name in the configuration.", show_default=False)],
    event: Annotated[str, typer.Argument(help="The event's id, as it was delivered.", show_default=False)],
    subscription: Annotated[
        str, typer.Option(help="The user id that it was delivered for (`for_user_id`).", show_default=False)
    ],
    at: Annotated[
        str, typer.Option(help="When: 14:03, 14:03:20 or 2026-11-22T14:03 (UTC).", show_default=False)
    ],
    config: ConfigOption = None,
    kind: Annotated[Kind, typer.Option(help="What it is.")] = Kind.MESSAGE,
    date: Annotated[str, typer.Option(help="The day (2026-11-22); default: today, UTC.")] = "",
    within: Annotated[str, typer.Option(help="How far off the time may be.")] = "5m",
    out: Annotated[
        Path | None, typer.Option(help="Write the proof here, for `leakstream coverage verify`.")
    ] = None,
) -> None:
    """Say whether an event was delivered, and whether it should not have been; the ids are turned into digests here, with the webhook's secret.

    Exit status 0 whatever the answer is.
    """
    found = read_config(config)
    digest = digests_of(found, webhook).event(subscription, kind.value, event)
    moment, span = spans.moment(at, date, now=time.time())
    try:
        signer = load_signer(ledger_key(found))
    except LedgerKeyError:
        signer = None

    async def ask(store: Store) -> list[tuple[Any, bytes, list[str]]]:
        return [
            await proving.prove(
                store,
                proving.Asked(f"{feed}/{webhook}", digest, moment, span, spans.seconds(within), (SOURCE,)),
                signer=signer,
                now=time.time(),
            )
            for feed in (WRONG, ALL)
        ]

    wrong, every = with_ledger(found, ask)
    answer, proof, notes = wrong if wrong[0].seen else every
    verdict = "delivered, and should not have been" if wrong[0].seen else f"delivered: {every[0].word.value}"
    typer.echo(verdict)
    feed = WRONG if wrong[0].seen else ALL
    asked = proving.Asked(f"{feed}/{webhook}", digest, moment, span, spans.seconds(within), (SOURCE,))
    for line in [*proving.told(asked, answer), *notes]:
        typer.echo(untrusted(line, Sink.TERMINAL, limit=_LINE))
    if out is not None:
        out.write_bytes(proof)
        typer.echo(f"proof: {out}; check it with `leakstream coverage verify {out}`")


async def _read(
    store: Store, begin: float, now: float
) -> tuple[list[Deliveries], list[dict[str, Any]], int, dict[str, dict[str, Any]]]:
    """Rows, the entries that tell of wrong deliveries, how many entries there are, and by webhook its exposure."""
    async with store.read() as connection:
        entries = ledger.overlapping(connection, begin, now, sources=(SOURCE,))
        told = {said.seq: said async for entry in entries if is_of_webhook(said := entry.told())}
        # of the many that are right their count is enough
        wanted = [number for number, said in told.items() if needs_items(said, begin)]
        told |= {number: entry.told() for number, entry in (await ledger.pick(connection, wanted)).items()}
        rows = summed(told.values(), begin, now)
        cited, seals, _ = await evidence.cite(connection, [n for row in rows for n in row.entries])
        columns = (exposures.c.id, exposures.c.state, exposures.c.people, exposures.c.facts)
        query = select(*columns).where(exposures.c.rule == FAMILY)
        known = {
            row.facts.get("webhook", ""): {"exposure": row.id, "state": row.state, "people": row.people}
            for row in await connection.execute(query)
        }
    hashes = {signed.seal().number: signed.hash for signed in seals}
    shown = [
        {
            "entry": each.seq,
            "hash": each.entry.hash.hex(),
            "seal": each.seal,
            "sealed": hashes.get(each.seal, ""),
        }
        for each in cited
    ]
    return rows, shown, len(told), known


def _print(
    rows: list[Deliveries], cited: list[dict[str, Any]], known: dict[str, dict[str, Any]], footer: str
) -> None:
    table = new_table("webhook", "events", "wrong", "first wrong", "last wrong", "people", "exposure")
    for row in rows:
        exposure = known.get(row.webhook, {})
        table.add_row(
            untrusted(row.webhook, Sink.TERMINAL),
            str(row.delivered),
            str(row.wrong),
            "" if row.first is None else spans.shown(row.first),
            "" if row.last is None else spans.shown(row.last),
            str(exposure.get("people", "")),
            f"{exposure['exposure'][:12]} {exposure['state']}" if exposure else "",
        )
    print_table(table, footer)
    for entry in cited:
        seal = f"seal {entry['seal']} {entry['sealed']}" if entry["seal"] else "not sealed yet"
        typer.echo(f"entry {entry['entry']} {entry['hash']}, {seal}")


def _name(row: Deliveries) -> str:
    return row.webhook
