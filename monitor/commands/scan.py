"""`leakstream scan`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from monitor.commands.errors import Failure
from monitor.matcher.blocks import Progress
from monitor.scan.formats import Format, JsonLines, Pretty, Sarif
from monitor.scan.run import Options, TargetError
from monitor.scan.run import scan as run_scan
from monitor.version import version


class Output(StrEnum):
    PRETTY = "pretty"
    JSONL = "jsonl"
    SARIF = "sarif"


def register(app: typer.Typer) -> None:
    app.command(
        "scan",
        help="Scan files, folders, standard input (-) or a git repository (URL, or a path with --history).\n\n"
        "Exit status: 0 nothing found, 1 findings, 2 the scan failed or the call was wrong.",
    )(scan)


def scan(
    targets: Annotated[list[str], typer.Argument(help="Paths, - or git URLs.", show_default=False)],
    history: Annotated[
        bool, typer.Option("--history", help="Every blob of a git repository's refs, once.")
    ] = False,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, max=256, help="Threads; default: one a core.")
    ] = os.cpu_count() or 1,
    output: Annotated[Output, typer.Option("--format", "-f", help="How to print.")] = Output.PRETTY,
    show_secrets: Annotated[bool, typer.Option("--show-secrets", help="Print secrets unmasked.")] = False,
    refuted: Annotated[
        bool, typer.Option("--refuted", help="Also report tokens whose offline proof failed.")
    ] = False,
    known: Annotated[
        bool,
        typer.Option("--known", help="Also report values that everybody has: examples, emulators' keys."),
    ] = False,
    samples: Annotated[
        bool,
        typer.Option("--samples", help="Also report weak passwords of tests, examples and documentation."),
    ] = False,
    baseline: Annotated[Path | None, typer.Option(help="Report only what this file does not know.")] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Write what was found as the new baseline.")
    ] = None,
    rules: Annotated[
        list[Path] | None, typer.Option(exists=True, help="Further rule files or folders of them.")
    ] = None,
    progress: Annotated[bool, typer.Option(help="A progress bar on a terminal.")] = True,
) -> None:
    options = Options(
        targets=targets,
        history=history,
        jobs=jobs,
        show_secrets=show_secrets,
        refuted=refuted,
        known=known,
        samples=samples,
        baseline=baseline,
        write_baseline=write_baseline,
        rules=rules or (),
    )
    counters = Progress()
    try:
        with _orderly_end(), _bar(counters, shown=progress and sys.stderr.isatty()):
            found = run_scan(options, _format(output, sys.stdout, sys.stderr), counters)
    except TargetError as error:
        raise Failure(str(error)) from error
    except BrokenPipeError:  # `leakstream scan . | head`: nobody listens any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    if found:
        raise typer.Exit(1)


def _format(output: Output, out: TextIO, err: TextIO) -> Format:
    match output:
        case Output.JSONL:
            return JsonLines(out, err)
        case Output.SARIF:
            return Sarif(out, version())
        case Output.PRETTY:
            return Pretty(out)


@contextmanager
def _orderly_end() -> Iterator[None]:
    """SIGTERM ends the scan as an error does: what it keeps on disk for the time being is removed. Exit status 143."""

    def end(number: int, _: object) -> None:
        sys.exit(128 + number)

    former = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


@contextmanager
def _bar(counters: Progress, *, shown: bool) -> Iterator[None]:
    """Files and bytes so far, on standard error; the total is not known before the walk ends."""
    if not shown:
        yield
        return
    from rich.console import Console
    from rich.filesize import decimal
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    done = threading.Event()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scanning")

        def refresh() -> None:
            while not done.wait(0.2):
                bar.update(task, description=f"{counters.files} files, {decimal(counters.bytes)}")

        thread = threading.Thread(target=refresh, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
