"""`leakstream scan` from its words to its exit status.

With the parser of the standard library: hooks and editors start a scan for every file that is saved, and what the other commands are parsed
with takes longer to load than such a scan to run.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from monitor.matcher.blocks import Progress
from monitor.scan.formats import Format, JsonLines, Pretty, Sarif
from monitor.scan.run import Options, scan
from monitor.version import version

HELP: Final = "Scan files, folders, standard input (-) or a git repository (URL, or a path with --history)."
STATUS: Final = "Exit status: 0 nothing found, 1 findings, 2 the scan failed or the call was wrong."
_MOST_JOBS: Final = 256


def main(words: Sequence[str]) -> int:
    """Runs the scan that the words behind `leakstream scan` ask for; its exit status. Raises SystemExit on a wrong call and on
    `--help`, and what `monitor.scan.run.scan` does.
    """
    given = parser().parse_intermixed_args(list(words))
    options = Options(
        targets=given.targets,
        history=given.history,
        jobs=given.jobs,
        show_secrets=given.show_secrets,
        refuted=given.refuted,
        known=given.known,
        samples=given.samples,
        baseline=given.baseline,
        write_baseline=given.write_baseline,
        rules=given.rules,
    )
    counters = Progress()
    try:
        with _orderly_end(), _bar(counters, shown=given.progress and sys.stderr.isatty()):
            found = scan(options, _format(given.format, sys.stdout, sys.stderr), counters)
            sys.stdout.flush()
    except BrokenPipeError:  # `leakstream scan . | head`: nobody listens any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 1 if found else 0


def parser() -> argparse.ArgumentParser:
    """What the words are read with; the reference is made from it, too."""
    parser = argparse.ArgumentParser("leakstream scan", description=HELP, epilog=STATUS, allow_abbrev=False)

    def flag(name: str, text: str) -> None:
        parser.add_argument(name, action="store_true", help=text)

    parser.add_argument("targets", nargs="+", metavar="TARGET", help="Paths, - or git URLs.")
    flag("--history", "Every blob of a git repository's refs, once.")
    parser.add_argument(
        "--jobs", "-j", type=_jobs, default=os.cpu_count() or 1, help="Threads; default: one a core.", metavar="N"
    )  # fmt: skip
    parser.add_argument(
        "--format", "-f", choices=("pretty", "jsonl", "sarif"), default="pretty", help="How to print; default: pretty."
    )  # fmt: skip
    flag("--show-secrets", "Print secrets unmasked.")
    flag("--refuted", "Also report tokens whose offline proof failed.")
    flag("--known", "Also report values that everybody has: examples, emulators' keys.")
    flag("--samples", "Also report weak passwords of tests, examples and documentation.")
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="Report only what this file does not know."
    )
    parser.add_argument(
        "--write-baseline", type=Path, metavar="FILE", help="Write what was found as the new baseline."
    )
    parser.add_argument(
        "--rules", type=_existing, action="append", default=[], metavar="PATH", help="Further rule files or folders of them."
    )  # fmt: skip
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="A progress bar on a terminal.",
    )
    return parser


def _jobs(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{number} is not in the range 1 to {_MOST_JOBS}")
    return number


def _existing(text: str) -> Path:
    path = Path(text)
    if not path.exists():
        raise argparse.ArgumentTypeError(f"{text}: no such file or folder")
    return path


def _format(name: str, out: TextIO, err: TextIO) -> Format:
    match name:
        case "jsonl":
            return JsonLines(out, err)
        case "sarif":
            return Sarif(out, version())
        case _:
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
