"""`leakstream`: the command. Exit status 0 = done, 1 = findings or failed checks, 2 = the call or the configuration was wrong."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import typer

# where each command lives: only the one that is called is imported, so that a scan does not wait for a web server's modules
_HOMES: Final = {
    "scan": "scan",
    "run": "service",
    "collect": "service",
    "match": "service",
    "alert": "service",
    "demo": "demo",
    "init": "setup",
    "doctor": "setup",
    "config": "setup",
    "version": "setup",
    "exposures": "exposures",
    "privacy": "privacy",
    "drill": "drill",
    "evidence": "evidence",
    "deliveries": "deliveries",
    "outbox": "outbox",
    "silence": "silence",
    "store": "store",
    "dlq": "dlq",
    "policy": "policy",
    "replay": "replay",
    "rules": "rules",
    "coverage": "coverage",
    "watch": "watch",
}


def build(called: str = "") -> typer.Typer:
    """The command with all its sub-commands, or with those that live beside `called` if there is such a one."""
    import typer

    app = typer.Typer(
        name="leakstream",
        help="Streaming leak-exposure monitor: what is being published of yours in public code and pastes, within seconds.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    homes = [_HOMES[called]] if called in _HOMES else dict.fromkeys(_HOMES.values())
    for home in homes:
        importlib.import_module(f"monitor.commands.{home}").register(app)
    app.callback()(_root)  # keeps a single sub-command a sub-command
    return app


@contextmanager
def _what_lasts() -> Iterator[None]:
    """No look at what lasts: imports make objects that stay, and to search them again and again for garbage takes a fifth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _root() -> None:
    """Streaming leak-exposure monitor: what is being published of yours in public code and pastes, within seconds."""
    from monitor import log

    log.configure(
        level="warning"
    )  # standard output is for the command's own answer; the service sets its own


def _run(words: Sequence[str]) -> None:
    """Always ends with SystemExit or another error."""
    called = next(iter(words), "")
    if called == "scan":
        with _what_lasts():
            from monitor.scan import command
        sys.exit(command.main(words[1:]))
    with _what_lasts():
        app = build(called)
    app()


def main() -> None:
    """The console script. Turns every expected error into one message; anything else is a fault of ours, with its traceback."""
    try:
        _run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        from monitor.commands.errors import Failure
        from monitor.commands.expected import EXPECTED

        if not isinstance(error, EXPECTED):
            raise
        print(f"leakstream: {error}", file=sys.stderr)  # noqa: T201 - the command's own voice
        sys.exit(error.status if isinstance(error, Failure) else 2)
