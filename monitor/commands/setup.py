"""`leakstream init`, `doctor` and `config`: before the first start and when something is wrong."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.text import Text

from monitor import app as application
from monitor import config as configuration
from monitor import version as program
from monitor.commands import template
from monitor.commands.doctor import Outcome, examine
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.coverage.signing import create_signer
from monitor.identity import create_key, load_keys

_MARKS = {Outcome.OK: ("ok  ", "green"), Outcome.WARN: ("warn", "yellow"), Outcome.FAIL: ("FAIL", "bold red")}
config_app = typer.Typer(help="The configuration as it is read.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command("init", help="Write a commented configuration and make the fingerprint key.")(init)
    app.command("doctor")(doctor)
    app.command("version", help="Print the version.")(version)
    app.add_typer(config_app, name="config")


def init(
    path: Annotated[Path, typer.Argument(help="Where to write the configuration.")] = Path(
        configuration.FILE_NAME
    ),
) -> None:
    if path.exists():
        raise Failure(f"{path} is there already; nothing was written")
    text = template.render(
        configuration.SHARED,
        application.SECTIONS,
        {name: (plugin.summary, plugin.settings) for name, plugin in application.sources().items()},
        {name: (plugin.summary, plugin.settings) for name, plugin in application.notifiers().items()},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    config = application.load_config(path)
    if config.key_file.exists():
        load_keys(config.key_file)
        typer.echo(f"{config.key_file}: the fingerprint key is there already")
    else:
        create_key(config.key_file)
        typer.echo(f"{config.key_file}: made the fingerprint key; keep a copy apart from the store's backups")
    sign = application.ledger_key(config)
    if not sign.exists():
        create_signer(sign)
        typer.echo(f"{sign}: made the key that signs the coverage ledger; keep a copy of it, too")
    typer.echo(f"{path}: written; next: name your domains and sources in it, then `leakstream doctor`")


def doctor(
    config: ConfigOption = None,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline", help="Ask no other server: neither brokers, database, GitHub nor Alertmanager."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: outcome, name, found, advice.")] = False,
) -> None:
    """Check configuration, keys, disk, broker, store, tokens, clocks, rules and the time to page, and say what to do.

    It changes nothing. Of others it asks: the brokers for our topics and the newest record of each, the database for its time and tables,
    GitHub for the limit of each token and whether it may read the repositories and organisations that are followed, Alertmanager for its status, and the service itself,
    if it runs on this host. Other notifiers are not tried: that would wake somebody. Exit status 1 when something fails.
    """
    checks = examine(read_config(config), offline=offline)
    if json:
        typer.echo(orjson.dumps(checks, option=orjson.OPT_INDENT_2).decode())
    else:
        console = Console(highlight=False, soft_wrap=True)
        for check in checks:
            mark, style = _MARKS[check.outcome]
            console.print(Text.assemble((mark, style), f"  {check.name:<12} {check.text}"))
    if any(check.outcome is Outcome.FAIL for check in checks):
        raise typer.Exit(1)


def version() -> None:
    typer.echo(f"leakstream {program.version()}")


@config_app.command("show")
def show(config: ConfigOption = None) -> None:
    """Print everything that is in force, secrets masked."""
    typer.echo(orjson.dumps(configuration.show(read_config(config)), option=orjson.OPT_INDENT_2).decode())


@config_app.command("check")
def check(config: ConfigOption = None) -> None:
    """Read it as a start does, with the files it names, and say whether it is right. Starts nothing."""
    found = read_config(config)
    asyncio.run(application.Service(found).check())
    typer.echo(f"{found.path or 'defaults'}: right; sources: {', '.join(found.sources) or 'none'}")
    if told := application.replay_offer(found, now=time.time()):
        typer.echo(told)
