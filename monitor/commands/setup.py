"""`leakstream init`, `doctor` and `config`: before the first start and when something is wrong."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.text import Text

from monitor import app as application
from monitor import config as configuration
from monitor import version as program
from monitor.commands import questions, template
from monitor.commands.answers import CONSOLE, Answers, Plan, Secret, plan
from monitor.commands.doctor import Outcome, examine
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.coverage.signing import create_signer
from monitor.identity import create_key, load_keys

_MARKS = {Outcome.OK: ("ok  ", "green"), Outcome.WARN: ("warn", "yellow"), Outcome.FAIL: ("FAIL", "bold red")}
config_app = typer.Typer(help="The configuration as it is read.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command("init")(init)
    app.command("doctor")(doctor)
    app.command("version", help="Print the version.")(version)
    app.add_typer(config_app, name="config")


def init(
    path: Annotated[Path, typer.Argument(help="Where to write the configuration.")] = Path(
        configuration.FILE_NAME
    ),
    domain: Annotated[list[str] | None, typer.Option(help="A domain of yours; may be repeated.")] = None,
    organisation: Annotated[
        list[str] | None, typer.Option(help="An organisation of yours on a forge; may be repeated.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="What to read, as github_events or git=URL; may be repeated.", metavar="NAME[=WHAT]"
        ),
    ] = None,
    notify: Annotated[
        list[str] | None,
        typer.Option(
            help="Who is told: alertmanager=URL, email=ADDRESS, slack, webhook, pagerduty, log; may be repeated.",
            metavar="NAME[=WHERE]",
        ),
    ] = None,
    contact: Annotated[str, typer.Option(help="Whom sources may write to: a mail address or a page.")] = "",
    external_url: Annotated[
        str, typer.Option(help="The console's address as people reach it.", show_default=CONSOLE)
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
) -> None:
    """Write a commented configuration after three questions, and make the keys. Nothing that is there is overwritten.

    At a terminal it asks what is yours, what to read and who is told. With
    --yes, with any of the options, or without a terminal it asks nothing.

    Secrets are never written into the configuration: each has a file beside it,
    mode 0600, that is made with what you type (unseen), or named for you to make.
    """
    if path.exists():
        raise Failure(f"{path} is there already; nothing was written")
    sources, notifiers = application.sources(), application.notifiers()
    answers = Answers(domain or (), organisation or (), source or (), notify or (), contact, external_url)
    asking = not yes and answers.empty and sys.stdin.isatty()
    if asking:
        answers = questions.ask({name: plugin.summary for name, plugin in sources.items()})
    chosen = plan(
        answers,
        {name: plugin.settings for name, plugin in sources.items()},
        {name: plugin.settings for name, plugin in notifiers.items()},
    )
    if asking:
        chosen = questions.ask_secrets(
            chosen, [file for file in chosen.secrets if (path.parent / file).exists()]
        )
    config = _write(path, chosen)
    _make_keys(config)
    missing = _write_secrets(path.parent, chosen)
    typer.echo(f"{path}: written")
    _say_next(path, chosen, missing)


def _write(path: Path, chosen: Plan) -> configuration.Config:
    """Raises Failure: what was answered does not make a configuration; then nothing is left behind."""
    text = template.render(
        configuration.SHARED,
        application.SECTIONS,
        {name: (plugin.summary, plugin.settings) for name, plugin in application.sources().items()},
        {name: (plugin.summary, plugin.settings) for name, plugin in application.notifiers().items()},
        chosen.tables,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    _new_file(path, text)
    try:
        return application.load_config(path)
    except configuration.ConfigError as error:
        path.unlink()
        raise Failure(f"nothing was written: {error}") from error


def _make_keys(config: configuration.Config) -> None:
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


def _write_secrets(folder: Path, chosen: Plan) -> list[Secret]:
    """Those that are still to be made."""
    missing: list[Secret] = []
    for file, secret in chosen.secrets.items():
        target = folder / file
        if target.exists():
            typer.echo(f"{target}: is there already and is kept")
        elif not secret.value:
            missing.append(secret)
        else:
            _new_file(target, secret.value + "\n")
            told = "made; its receiver needs it, too" if secret.generated else "written"
            typer.echo(f"{target}: {secret.what}, {told}")
    return missing


def _new_file(path: Path, text: str) -> None:
    """For its owner only. Raises FileExistsError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _say_next(path: Path, chosen: Plan, missing: Sequence[Secret]) -> None:
    where = "" if path == Path(configuration.FILE_NAME) else f" -c {path}"
    steps = [
        f"(umask 077; cat > {path.parent / secret.file})   # {secret.what}, then Ctrl-D" for secret in missing
    ]
    if not any(table.startswith(("watch", "sources.")) for table in chosen.tables):
        steps.append(f"name your domains and sources in {path}")
    steps += [f"leakstream doctor{where}", f"leakstream run{where}"]
    typer.echo("next:")
    for step in steps:
        typer.echo(f"  {step}")


def doctor(
    config: ConfigOption = None,
    offline: Annotated[
        bool,
        typer.Option(
            "--offline", help="Ask no other server: neither brokers, database, forges nor Alertmanager."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: outcome, name, found, advice.")] = False,
) -> None:
    """Check configuration, keys, disk, broker, store, tokens, clocks, rules and the time to page, and say what to do.

    It changes nothing. Of others it asks: the brokers for our topics and the
    newest record of each, the database for its time and tables, GitHub for the
    limit of each token and whether it may read what is followed by name, GitLab
    for what its token may do, Alertmanager for its status, and the service itself
    if it runs here. Other notifiers are not tried: that would wake somebody.

    Exit status 1 when something fails.
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
