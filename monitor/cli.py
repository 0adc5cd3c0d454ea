"""`leakstream`: the command. Exit status 0 = done, 1 = findings or failed checks, 2 = the call or the configuration was wrong."""

from __future__ import annotations

import sys

import typer

from monitor.commands import demo, exposures, rules, scan, service, setup
from monitor.commands.errors import EXPECTED, Failure

app = typer.Typer(
    name="leakstream",
    help="Streaming leak-exposure monitor: what is being published of yours in public code and pastes, within seconds.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
scan.register(app)
service.register(app)
demo.register(app)
setup.register(app)
app.add_typer(exposures.app, name="exposures")
app.add_typer(rules.app, name="rules")


def main() -> None:
    """The console script. Turns every expected error into one message; anything else is a fault of ours, with its traceback."""
    try:
        app(standalone_mode=True)
    except Failure as failure:
        print(f"leakstream: {failure}", file=sys.stderr)  # noqa: T201 - the command's own voice
        sys.exit(failure.status)
    except EXPECTED as error:
        print(f"leakstream: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
