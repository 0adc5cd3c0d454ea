"""`leakstream exposures report`: one exposure as a document for a regulator or a board."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from monitor.alerting.exposures.desk import UnknownExposure
from monitor.app import open_reports
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.config import Config
from monitor.coverage.chain import LedgerBroken
from monitor.report.desk import Made
from monitor.report.markdown import Language


def report(
    exposure: Annotated[
        str, typer.Argument(help="The exposure's id, or its first digits.", show_default=False)
    ],
    config: ConfigOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Write it here (mode 0600) instead of printing it.")
    ] = None,
    language: Annotated[
        Language,
        typer.Option(help="technical: with digests, commits and rules; plain: for a board."),
    ] = Language.TECHNICAL,
) -> None:
    """Write one exposure as a Markdown report: what leaked (masked), whose and why, when, where, how sure, what was done, who has to be told
    by when; and what the coverage ledger says of the time: who watched, how much was seen, when nobody looked.

    The access log keeps who made it and the SHA-256 of its text. Of a long window it takes a minute. Exit status 1: no such exposure, or the
    ledger is broken.
    """
    made = _made(read_config(config), exposure, language)
    if out is None:
        typer.echo(made.text, nl=False)
    else:
        write_private(out, made.text)
    print(f"SHA-256 of the text, as in the access log: {made.digest}", file=sys.stderr)  # noqa: T201


def _made(config: Config, exposure: str, language: Language) -> Made:
    async def run() -> Made:
        async with open_reports(config, clock=time.time) as reports:
            return await reports.make(exposure, actor=f"cli:{getpass.getuser()}", language=language)

    try:
        return asyncio.run(run())
    except UnknownExposure as error:
        raise Failure(str(error), status=1) from error
    except LedgerBroken as error:
        raise Failure(f"the ledger is broken, no report without it: {error}", status=1) from error


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner alone. Raises Failure."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
