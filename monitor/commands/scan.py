"""`leakstream scan` in the list of commands; monitor.scan.command parses and runs it."""

from __future__ import annotations

import typer

from monitor.scan import command


def register(app: typer.Typer) -> None:
    app.command(
        "scan",
        help=f"{command.HELP}\n\n{command.STATUS}",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )(scan)


def scan(context: typer.Context) -> None:
    raise typer.Exit(command.main(context.args))
