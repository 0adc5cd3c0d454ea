"""`leakstream exposures list|show|report|acknowledge|revoke|close|reopen`: the store, read and changed from the terminal. The service need not run."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import orjson
import typer
from rich.console import Console
from rich.text import Text

from monitor.alerting.exposures.desk import Exposures, UnknownExposure
from monitor.alerting.exposures.states import CloseReason, Scope
from monitor.alerting.notifiers.wording import by_replay
from monitor.app import open_exposures
from monitor.commands.errors import Failure
from monitor.commands.report import report
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.commands.why import print_why
from monitor.config import Config
from monitor.store.queries import Filter
from monitor.untrusted import Sink, untrusted

app = typer.Typer(help="What was found, and what became of it.", no_args_is_help=True)
_T = TypeVar("_T")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Id = Annotated[str, typer.Argument(help="The exposure's id, or its first digits.", show_default=False)]
_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="exposures")


@app.command("list")
def list_exposures(
    config: ConfigOption = None,
    state: Annotated[str, typer.Option(help="open, closed or all.")] = "open",
    severity: Annotated[list[str] | None, typer.Option(help="Only this severity; may be repeated.")] = None,
    owned: Annotated[list[str] | None, typer.Option(help="proved, claimed or none; may be repeated.")] = None,
    rule: Annotated[str, typer.Option(help="Only this rule.")] = "",
    text: Annotated[str, typer.Option(help="In id, rule, title, repository or path.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List exposures, the last seen first."""
    if state not in ("open", "closed", "all"):
        raise Failure("--state is open, closed or all")
    wanted = Filter(
        state="" if state == "all" else state,
        severities=tuple(severity or ()),
        levels=tuple(owned or ()),
        rule=rule,
        text=text,
    )
    page = _with_store(read_config(config), lambda found: found.list(wanted, actor=_actor(), limit=limit))
    if as_json:
        for exposure in page.exposures:
            typer.echo(orjson.dumps(exposure).decode())
        return
    table = new_table("id", "severity", "what", "proof", "whose", "where", "seen", "last seen")
    for exposure in page.exposures:
        what, where = exposure["what"], exposure["where"]
        place = where["repository"] or where["source"]
        table.add_row(
            exposure["short"],
            Text(what["severity"], style=_STYLES[what["severity"]]),
            what["title"],
            exposure["proof"]["verdict"],
            exposure["owned"]["level"],
            Text(untrusted(f"{place} {where['path']}".strip(), Sink.TERMINAL, limit=60)),
            str(exposure["sightings"]),
            exposure["last_seen"] or "",
        )
    print_table(table, f"{len(page.exposures)} of {page.total}")


@app.command("show")
def show(
    exposure: Id,
    config: ConfigOption = None,
    why: Annotated[
        bool,
        typer.Option(
            "--why",
            help="Instead: each reason with its proof, each row of the policy, what it lacks to page.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one exposure: what, where, whose and why, and what to do."""
    if why:
        explained = _with_store(read_config(config), lambda store: store.why(exposure, actor=_actor()))
        print_why(explained, as_json=as_json)
        return
    found = _with_store(read_config(config), lambda store: store.show(exposure, actor=_actor()))
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    _print(found)


app.command("report")(report)


@app.command("acknowledge")
def acknowledge(exposure: Id, config: ConfigOption = None) -> None:
    """Say that you have it in hand. It stays open, and who is to be told of it still is."""
    done = _with_store(read_config(config), lambda store: store.acknowledge(exposure, actor=_actor()))
    typer.echo(f"{done['short']} acknowledged by {done['acknowledged']['by']}")


@app.command("revoke")
def revoke(
    exposure: Id,
    config: ConfigOption = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            help="Since when, in UTC; default: now.",
        ),
    ] = None,
) -> None:
    """Mark the secret as dead: the window ends here. The exposure stays open, since the text may still stand there; `close` ends it.

    Nothing is done at the provider: revoke it there first.
    """
    since = None if at is None else at.replace(tzinfo=UTC).timestamp()
    done = _with_store(read_config(config), lambda store: store.revoke(exposure, actor=_actor(), at=since))
    lasted = f" after {_lasted(done)} in public" if done["window"] else ""
    typer.echo(f"{done['short']} revoked{lasted}")


@app.command("close")
def close(
    exposure: Id,
    reason: Annotated[CloseReason, typer.Option(help="Why it is over.")],
    config: ConfigOption = None,
    scope: Annotated[
        Scope | None, typer.Option(help="What the close mutes; default: what the reason implies.")
    ] = None,
    note: Annotated[str, typer.Option(help="A sentence for the record.")] = "",
) -> None:
    """Close an exposure. A sighting that ranks higher reopens it."""
    done = _with_store(
        read_config(config),
        lambda store: store.close(exposure, reason, actor=_actor(), scope=scope, note=note),
    )
    typer.echo(f"{done['short']} closed: {reason.value}")


@app.command("reopen")
def reopen(exposure: Id, config: ConfigOption = None) -> None:
    """Open a closed exposure again."""
    done = _with_store(read_config(config), lambda store: store.reopen(exposure, actor=_actor()))
    typer.echo(f"{done['short']} is open again")


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _with_store(config: Config, ask: Callable[[Exposures], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        async with open_exposures(config, clock=time.time) as exposures:
            return await ask(exposures)

    try:
        return asyncio.run(run())
    except (UnknownExposure, ValueError) as error:  # WrongState is one
        raise Failure(str(error), status=1) from error


def _print_state(console: Console, found: dict[str, Any]) -> None:
    """Whether it still stands there, since when it is dead, who has it in hand."""
    looked = f"checked {found['checked_at']}" if found["checked_at"] else "nobody has looked"
    if found["window"] is not None:
        console.print(f"public     {found['public']}; {looked}")
        ended = found["window"]["ended_by"]
        console.print(f"window     {_lasted(found)}{f', ended: {ended}' if ended else ' and running'}")
    if found["acknowledged"]:
        console.print(Text(f"in hand    {found['acknowledged']['by']}, since {found['acknowledged']['at']}"))
    if found["people"]:
        console.print(f"people     at least {found['people']}")


def _lasted(found: dict[str, Any]) -> str:
    seconds = int(found["window"]["seconds"])
    return f"{seconds // 86400} d {timedelta(seconds=seconds % 86400)} h"


def _print(found: dict[str, Any]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    what, proof, owned = found["what"], found["proof"], found["owned"]
    console.print(Text(f"{what['title']}   {found['id']}", style="bold"))
    console.print(
        Text.assemble(
            (what["severity"], _STYLES[what["severity"]]),
            f", {found['state']}, {proof['verdict']} {proof['check']}{by_replay(found)}",
        )
    )
    if what["preview"]:
        console.print(Text(f"value      {what['preview']}"))
    for name, value in what["facts"].items():
        console.print(Text(f"{name:<10} {untrusted(str(value), Sink.TERMINAL)}"))
    console.print(
        f"seen       {found['sightings']} places, first {found['first_seen']}, last {found['last_seen']}"
    )
    _print_state(console, found)
    console.print(f"whose      {owned['level']} (score {owned['score']})")
    for reason in owned["reasons"]:
        console.print(Text(f"           - {untrusted(reason['text'], Sink.TERMINAL)}"))
    for place in found["places"]:
        where = place.get("url") or f"{place.get('repository', '')} {place.get('path', '')}".strip()
        console.print(
            Text(
                f"place {place['number']:<4} {untrusted(where, Sink.TERMINAL)} line {place.get('line', 0)}"
                + (f" ({place['public']})" if place["checked_at"] else "")
            )
        )
        if place["snippet"]:
            console.print(Text(f"           | {untrusted(place['snippet'], Sink.TERMINAL)}", style="dim"))
    if found["closed"]:
        console.print(
            Text(
                f"closed     {found['closed']['at']} by {found['closed']['by']}: {found['closed']['reason']}"
            )
        )
    if found["evidence"]:
        console.print(
            f"evidence   {found['evidence']} sealed: `leakstream evidence get {found['short']}`, then `age -d`"
        )
    console.print("what to do")
    for number, step in enumerate(found["steps"], 1):
        console.print(Text(f"  {number}. {untrusted(step, Sink.TERMINAL)}"))
