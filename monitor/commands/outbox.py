"""`leakstream outbox list|retry|drop`: what people are still to be told, and what a notifier refused for good. The service may run
meanwhile.
"""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import orjson
import typer
from rich.text import Text

from monitor.alerting.telling.desk import TellingDesk
from monitor.app import open_telling
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.config import Config
from monitor.untrusted import Sink, untrusted

app = typer.Typer(
    help="What is still to be told, and what a notifier refused for good.", no_args_is_help=True
)
_T = TypeVar("_T")
NotifierOption = Annotated[str, typer.Option(help="Only of this notifier.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]
Numbers = Annotated[list[int] | None, typer.Argument(help="As in the list.", show_default=False)]
EveryOption = Annotated[bool, typer.Option("--all", help="Everything that failed.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="outbox")


@app.command("list")
def list_mail(
    config: ConfigOption = None,
    notifier: NotifierOption = "",
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Also what is to be told yet: silenced, grouped, tried again.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List what a notifier refused for good, the oldest first. Nothing of it is lost: `retry` sends it again."""
    found = with_desk(
        read_config(config),
        lambda desk: desk.mail(waiting=waiting, notifier=notifier, limit=limit, actor=actor()),
    )
    if as_json:
        for row in found.rows:
            typer.echo(orjson.dumps(row).decode())
        return
    table = new_table(
        "id", "notifier", "state", "reason", "made", "next try", "tries", "what", "exposure", "in"
    )
    for row in found.rows:
        table.add_row(
            str(row["id"]),
            row["notifier"],
            row["state"],
            row["reason"],
            row["made_at"],
            row["next_try"] or "",
            str(row["tries"]),
            f"{row['action']}: {row['severity']} {row['change']}",
            row["exposure"][:12],
            Text(untrusted(row["incident"], Sink.TERMINAL, limit=60)),
        )
    print_table(table, f"{len(found.rows)} of {found.total}")


@app.command("retry")
def retry(
    numbers: Numbers = None,
    config: ConfigOption = None,
    notifier: NotifierOption = "",
    every: EveryOption = False,
) -> None:
    """Send again what a notifier refused for good. A changed configuration does it at the start by itself."""
    settings = _meant(numbers, config, notifier, every=every)
    if notifier and notifier not in settings.notifiers:
        raise Failure(f"--notifier {notifier}: configured are {', '.join(settings.notifiers) or 'none'}")
    count = with_desk(settings, lambda desk: desk.retry(notifier=notifier, ids=numbers or (), actor=actor()))
    typer.echo(f"{_notifications(count)} due again")


@app.command("drop")
def drop(
    numbers: Numbers = None,
    config: ConfigOption = None,
    notifier: NotifierOption = "",
    every: EveryOption = False,
) -> None:
    """Give up what a notifier refused for good: nobody is told of it there. The exposures stay as they are."""
    settings = _meant(numbers, config, notifier, every=every)
    count = with_desk(settings, lambda desk: desk.drop(notifier=notifier, ids=numbers or (), actor=actor()))
    typer.echo(f"{_notifications(count)} dropped")


def _meant(numbers: list[int] | None, config: ConfigOption, notifier: str, *, every: bool) -> Config:
    if bool(numbers) + bool(notifier) + every != 1:
        raise Failure("name what is meant: numbers from `leakstream outbox list`, --notifier NAME, or --all")
    return read_config(config)


def _notifications(count: int) -> str:
    return f"{count} notification{'' if count == 1 else 's'}"


def actor() -> str:
    return f"cli:{getpass.getuser()}"


def with_desk(config: Config, ask: Callable[[TellingDesk], Awaitable[_T]]) -> _T:
    """Raises what `ask` raises."""

    async def run() -> _T:
        async with open_telling(config, clock=time.time) as desk:
            return await ask(desk)

    return asyncio.run(run())
