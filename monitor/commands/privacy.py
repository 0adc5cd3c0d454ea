"""`leakstream privacy export|erase|log`: the rights of those whose data is kept, and who looked at what."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
import typer
from rich.text import Text

from monitor.app import open_privacy
from monitor.commands import spans
from monitor.commands.errors import Failure
from monitor.commands.report import write_private
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.privacy.desk import PrivacyDesk
from monitor.privacy.subject import SubjectError
from monitor.untrusted import Sink, untrusted

app = typer.Typer(
    help="What is kept about a person: export or erase it; and the log of who looked at what.",
    no_args_is_help=True,
)
_T = TypeVar("_T")
SubjectOption = Annotated[
    str,
    typer.Option(
        "--subject",
        help="An e-mail address, a user name, or forge/owner such as github.com/ann.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="privacy")


@app.command("export")
def export(
    subject: SubjectOption,
    config: ConfigOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Write it here (mode 0600) instead of printing it.")
    ] = None,
) -> None:
    """Write everything that the store holds about a person as JSON, and what is not in it and why.

    An address is looked for by its keyed hash, under every key of the key file. Of leaks of nobody you watch only that there is a place
    is told, not what leaked. The access log keeps that you asked, under a hash of the subject.
    """
    found = _with_desk(config, lambda desk: desk.export(subject, actor=_actor()))
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    if out is None:
        typer.echo(text, nl=False)
        return
    write_private(out, text)
    typer.echo(f"{out}: {sum(len(rows) for rows in found['held'].values())} rows")


@app.command("erase")
def erase(
    subject: SubjectOption,
    config: ConfigOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take a person out of sightings, exposures, further places, sealed evidence and the labels of notifications.

    That there was a leak stays, without who and where. What cannot be erased is told with the reason. What is published again afterwards is
    found again. An alert of an open exposure whose labels are erased ends by itself and stands again under its new name.
    """
    done = _with_desk(config, lambda desk: desk.erase(subject, actor=_actor(), dry_run=dry_run))
    if as_json:
        typer.echo(orjson.dumps(done).decode())
        return
    would = "would be " if dry_run else ""
    for word in ("changed", "removed"):
        for table, count in done[word].items():
            typer.echo(f"{table}: {count} {would}{word}")
    if not done["changed"] and not done["removed"]:
        typer.echo("nothing about that subject can be erased here")
    for table, count in done["kept"].items():
        typer.echo(f"{table}: {count} stay")
    typer.echo("cannot be erased:")
    for each in done["cannot_be_erased"]:
        typer.echo(f"  {each['where']}: {each['what']}; {each['why']}")


@app.command("log")
def log(
    config: ConfigOption = None,
    since: Annotated[
        str, typer.Option(help="How far back: 24h, 7d, or a time (2026-11-22T14:00, UTC).", metavar="SPAN")
    ] = "7d",
    actor: Annotated[str, typer.Option(help="Only this actor's: cli:ann, console:ann, system.")] = "",
    verb: Annotated[str, typer.Option(help="Only this verb: viewed, listed, reported, closed …")] = "",
    exposure: Annotated[str, typer.Option(help="Only of exposures whose id begins so.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """Show the access log: who saw, took out, changed and erased what, newest first. That it was read is in it, too."""
    begin = spans.since(since, now=time.time())
    rows = _with_desk(
        config,
        lambda desk: desk.log(
            actor=_actor(), since=begin, of=actor, verb=verb, exposure=exposure, limit=limit
        ),
    )
    if as_json:
        for row in rows:
            typer.echo(orjson.dumps(row).decode())
        return
    table = new_table("at", "actor", "verb", "exposure", "detail")
    for row in rows:
        detail = ", ".join(f"{name} {value}" for name, value in row["detail"].items())
        table.add_row(
            row["at"],
            Text(untrusted(row["actor"], Sink.TERMINAL)),
            row["verb"],
            row["exposure_id"][:12],
            Text(untrusted(detail, Sink.TERMINAL, limit=120)),
        )
    print_table(table, f"{len(rows)} entries")


def _actor() -> str:
    return f"cli:{getpass.getuser()}"


def _with_desk(path: Path | None, ask: Callable[[PrivacyDesk], Awaitable[_T]]) -> _T:
    config = read_config(path)

    async def run() -> _T:
        async with open_privacy(config, clock=time.time) as desk:
            return await ask(desk)

    try:
        return asyncio.run(run())
    except SubjectError as error:
        raise Failure(f"--subject: {error}") from error
