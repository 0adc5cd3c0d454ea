"""`leakstream silence add|list|end`: when nobody is told of what. The service may run meanwhile."""

from __future__ import annotations

import time
from typing import Annotated

import orjson
import typer
from rich.text import Text

from monitor.alerting.telling.desk import UnknownSilence
from monitor.alerting.telling.silences import BadSilence
from monitor.commands import spans
from monitor.commands.errors import Failure
from monitor.commands.outbox import JsonOption, actor, with_desk
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.untrusted import Sink, untrusted

app = typer.Typer(
    help="When nobody is told of what. What is silenced is kept and, if it is still open, told at the end.",
    no_args_is_help=True,
)
_LONGEST = 366 * 86_400.0  # seconds: what is meant for ever is the policy's


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="silence")


@app.command("add")
def add(
    reason: Annotated[str, typer.Option(help="Why: whoever looks at it later must know.")],
    config: ConfigOption = None,
    duration: Annotated[str, typer.Option("--for", help="How long: 90m, 8h, 3d.")] = "",
    until: Annotated[str, typer.Option(help="Until when (UTC), instead of --for: 2026-11-22T18:00.")] = "",
    since: Annotated[str, typer.Option(help="From when (UTC); default: now.")] = "",
    rule: Annotated[str, typer.Option(help="Of this rule; * is any text.")] = "",
    provider: Annotated[str, typer.Option(help="Of this provider; * is any text.")] = "",
    repository: Annotated[str, typer.Option(help="Seen first in this repository; * is any text.")] = "",
    severity: Annotated[str, typer.Option(help="Of this severity.")] = "",
    owner: Annotated[str, typer.Option(help="Ours for this kind of reason: organisation, domain …")] = "",
    incident: Annotated[
        str, typer.Option(help="Of this incident, as `outbox list` shows it; * is any.")
    ] = "",
    even_critical: Annotated[
        bool, typer.Option("--even-critical", help="Also what is critical and proved to be real.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Silence whatever has everything that is named here. Pages are held as well, but for what is critical and proved."""
    now = time.time()
    begin = spans.instant(since) if since else now
    if bool(duration) == bool(until):
        raise Failure("say how long: --for 8h, or --until 2026-11-22T18:00")
    end = begin + spans.seconds(duration) if duration else spans.instant(until)
    if end <= now:
        raise Failure("that silence would be over already: times are UTC")
    if end - begin > _LONGEST:
        raise Failure("longer than a year: what nobody is ever to be told of belongs into [policy]")
    names = {"rule": rule, "provider": provider, "repository": repository}
    names |= {"severity": severity, "owner": owner, "incident": incident}
    try:
        made = with_desk(
            read_config(config),
            lambda desk: desk.silence(
                names, since=begin, until=end, even_critical=even_critical, reason=reason, actor=actor()
            ),
        )
    except BadSilence as error:
        raise Failure(str(error)) from error
    if as_json:
        typer.echo(orjson.dumps(made).decode())
        return
    typer.echo(f"silence {made['id']} from {made['since']} until {made['until']}")


@app.command("list")
def list_silences(
    config: ConfigOption = None,
    ended: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List silences, the newest first."""
    found = with_desk(read_config(config), lambda desk: desk.silences(ended=ended, actor=actor()))
    if as_json:
        for each in found:
            typer.echo(orjson.dumps(each).decode())
        return
    if not found:
        typer.echo("no silences")
        return
    table = new_table("id", "state", "since", "until", "of", "even critical", "reason", "by")
    for each in found:
        matches = ", ".join(f"{name} {value}" for name, value in each["matches"].items())
        table.add_row(
            str(each["id"]),
            each["state"],
            each["since"],
            each["until"],
            Text(untrusted(matches, Sink.TERMINAL)),
            "yes" if each["even_critical"] else "",
            Text(untrusted(each["reason"], Sink.TERMINAL, limit=100)),
            each["by"],
        )
    print_table(table, f"{len(found)} silences")


@app.command("end")
def end(
    number: Annotated[int, typer.Argument(help="As in the list.", show_default=False)],
    config: ConfigOption = None,
) -> None:
    """End a silence now. What it held is told, if it is still open and no other silence holds it."""
    try:
        count = with_desk(read_config(config), lambda desk: desk.end(number, actor=actor()))
    except UnknownSilence as error:
        raise Failure(str(error), status=1) from error
    typer.echo(f"silence {number} ended; {count} held notification{'' if count == 1 else 's'} judged anew")
