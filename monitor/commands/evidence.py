"""`leakstream evidence list|get|erase`: the age files that were sealed to the responders. The service need not run."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
import typer

from monitor.alerting.evidence.desk import EvidenceDesk
from monitor.alerting.exposures.desk import UnknownExposure
from monitor.app import open_evidence
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.untrusted import Sink, untrusted

app = typer.Typer(
    help="What was sealed to the responders' age keys. Nothing here can open it: `age -d -i KEY FILE` does, where the key is.",
    no_args_is_help=True,
)
_T = TypeVar("_T")
Id = Annotated[str, typer.Argument(help="The exposure's id, or its first digits.", show_default=False)]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="evidence")


@app.command("list")
def list_evidence(
    exposure: Id,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, an object a line.")] = False,
) -> None:
    """List what is kept of an exposure, and whose keys open it. Logged."""
    found = _with_desk(config, lambda desk: desk.list(exposure, actor=_actor()))
    if as_json:
        for each in found:
            told = {"place": each.place_id, "at": each.at, "bytes": len(each.body), "to": each.recipients}
            typer.echo(orjson.dumps(told).decode())
        return
    table = new_table("place", "sealed", "bytes", "opens with the key of")
    for each in found:
        when = datetime.fromtimestamp(each.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(
            each.place_id, when, str(len(each.body)), untrusted(each.recipients, Sink.TERMINAL, limit=4096)
        )
    print_table(table, f"{len(found)} files")


@app.command("get")
def get(
    exposure: Id,
    config: ConfigOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to; `-` is standard output (one file). Default: evidence-ID.age here.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the age files of an exposure, a file a place; who fetched them is logged. Open them with `age -d -i KEY FILE`.

    Further places get -2, -3 … before the ending. No file is overwritten. Exit status 1 when there is nothing.
    """
    if out == Path("-") and sys.stdout.isatty():
        raise Failure("an age file is no text: send it into a file or a pipe (… | age -d -i KEY)")
    found = _with_desk(config, lambda desk: desk.take(exposure, actor=_actor()))
    if not found:
        raise Failure(
            "no evidence is kept of it: it is off, was not ours when it was found, is past its term or was erased",
            status=1,
        )
    if out == Path("-"):
        with open(sys.stdout.fileno(), "wb", closefd=False) as pipe:
            pipe.write(found[-1].body)
        if len(found) > 1:
            print(f"leakstream: the newest of {len(found)} files; --out FILE writes all", file=sys.stderr)  # noqa: T201
        return
    paths = _paths(out or Path(f"evidence-{found[0].exposure_id[:12]}.age"))
    for each in found:
        typer.echo(_write(paths, each.body))
    typer.echo("open with: age -d -i KEY FILE")


@app.command("erase")
def erase(
    exposure: Id,
    config: ConfigOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove what is kept of an exposure, for good; the exposure stays. Logged."""
    if not yes:
        if not sys.stdin.isatty():
            raise Failure("nobody to ask on standard input: say --yes")
        typer.confirm(f"erase all evidence of {exposure}?", abort=True)
    count = _with_desk(config, lambda desk: desk.erase(exposure, actor=_actor()))
    typer.echo(f"{count} file{'' if count == 1 else 's'} erased")


def _paths(first: Path) -> Iterator[Path]:
    yield first
    number = 1
    while True:
        number += 1
        yield first.with_name(f"{first.stem}-{number}{first.suffix}")


def _write(paths: Iterator[Path], body: bytes) -> Path:
    path = next(paths)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Failure(
            f"{path}: {(error.strerror or str(error)).lower()}; name another place with --out"
        ) from error
    with os.fdopen(handle, "wb") as file:
        file.write(body)
    return path


def _with_desk(config: ConfigOption, ask: Callable[[EvidenceDesk], Awaitable[_T]]) -> _T:
    settings = read_config(config)

    async def run() -> _T:
        async with open_evidence(settings, clock=time.time) as desk:
            return await ask(desk)

    try:
        return asyncio.run(run())
    except UnknownExposure as error:
        raise Failure(str(error), status=1) from error


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
