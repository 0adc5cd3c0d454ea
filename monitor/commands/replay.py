"""`leakstream replay`: what is still kept, looked at again with the rules and the watch list of today. The service may run meanwhile."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console

from monitor.alerting.replaying.watched import note_searched
from monitor.app import open_replay
from monitor.app.replaying import Replaying
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config, stop_on_signals
from monitor.config import Config
from monitor.replay import mark as marks
from monitor.replay.mark import Mark
from monitor.replay.run import MIB, Progress

_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)(m|h|d)")
_SECONDS: Final = {"m": 60.0, "h": 3600.0, "d": 86400.0}
_EVERY: Final = 10.0  # seconds between lines where there is no terminal
_NICE: Final = 10
_WORDS: Final[Mapping[str, str]] = {
    "opened": "exposures that were not known",
    "attributed": "known ones that are ours after all",
    "page": "that page",
    "ticket": "tickets",
    "dropped": "new ones that the policy drops",
    "unchanged": "findings that change nothing",
    "nobody": "findings of nobody, left as they are",
    "scanned": "documents scanned",
    "known": "documents without content: their text stands in another one",
    "exercise": "of drills, left out",
    "unreadable": "records that cannot be read: they are dead letters",
    "unscannable": "documents that cannot be scanned: they are dead letters",
    "lost": "records that retention took in the meantime",
}


def register(parent: typer.Typer) -> None:
    parent.command("replay")(replay)


def replay(
    since: Annotated[str, typer.Option(help="How far back: 90m, 24h, 3d. What is kept limits it.")] = "24h",
    rules: Annotated[
        bool,
        typer.Option(
            help="Scan the documents again; without it only what was found is judged by today's watch list."
        ),
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be found, change nothing, tell nobody.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last one was stopped.")] = False,
    rate: Annotated[
        float,
        typer.Option(min=0.1, help="MiB of documents a second at most, so that the service keeps its pace."),
    ] = 20.0,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Look again at what is still kept, with the rules and the watch list of today.

    After a new rule, or a new entry in the watch list: what is ours among the findings and documents on the bus becomes an exposure and is told like any
    other, marked as found by replay. What was told before is not told again. It reads beside the service, moves nobody's position,
    and puts nothing on the bus. Ctrl-C stops it between two steps; --resume goes on there.
    """
    if resume and dry_run:
        raise Failure("--resume goes on with a replay that changes something; a dry run is begun anew")
    settings, seconds = read_config(config), _seconds(since)
    with suppress(OSError):
        os.nice(_NICE)  # the scanning processes inherit it
    mark = asyncio.run(
        _replay(
            settings, seconds, rules=rules, dry_run=dry_run, resume=resume, rate=rate * MIB, quiet=as_json
        )
    )
    if as_json:
        typer.echo(orjson.dumps({"complete": not mark.left, "dry_run": dry_run, **mark.counts}).decode())
    else:
        _print(mark, dry_run=dry_run)
    if mark.left:
        raise typer.Exit(130)


async def _replay(
    config: Config, seconds: float, *, rules: bool, dry_run: bool, resume: bool, rate: float, quiet: bool
) -> Mark:
    stop = asyncio.Event()
    stop_on_signals(stop)
    actor = f"cli:{getpass.getuser()}"
    async with open_replay(
        config, clock=time.time, actor=actor, rules=rules or resume, dry_run=dry_run, rate=rate
    ) as opened:
        mark = await _mark(opened, seconds, resume=resume)
        mark = await opened.replay.run(mark, stop, _quiet if quiet else _shower())
        if not mark.left and mark.rules and not dry_run and _is_whole(mark, opened):
            async with opened.store.write() as connection:
                await note_searched(connection, opened.watch, now=time.time())
        return mark


async def _mark(opened: Replaying, seconds: float, *, resume: bool) -> Mark:
    """Where to begin. Raises Failure."""
    if not resume:
        now = time.time()
        return await opened.replay.begin(now - seconds, now=now, watch=opened.watch)
    async with opened.store.read() as connection:
        mark = await marks.load(connection)
    if mark is None:
        raise Failure("no replay was stopped before its end; begin one with --since")
    if mark.watch != opened.watch:
        raise Failure("the watch list has changed since that replay began; begin a new one with --since")
    return mark


def _is_whole(mark: Mark, opened: Replaying) -> bool:
    """Whether everything that was kept when it began was looked at; a minute more or less is nothing."""
    return mark.begun_at - mark.since >= opened.kept - 60.0


def _seconds(text: str) -> float:
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None or float(found[1]) <= 0:
        raise Failure(f"--since {text}: a number with m, h or d is expected, as in 24h")
    return float(found[1]) * _SECONDS[found[2]]


def _quiet(_: Progress) -> None:
    pass


def _shower() -> Callable[[Progress], None]:
    """One line that is written over on a terminal, a line now and then elsewhere; on standard error."""
    terminal, told = sys.stderr.isatty(), time.monotonic()
    console = Console(stderr=True, highlight=False)

    def show(progress: Progress) -> None:
        nonlocal told
        if not terminal and time.monotonic() - told < _EVERY and progress.done < progress.total:
            return
        told = time.monotonic()
        share = 100 * progress.done / progress.total if progress.total else 100.0
        left = "" if progress.seconds is None else f", {_time(progress.seconds)} left"
        new = progress.counts["opened"] + progress.counts["attributed"]
        line = f"{share:3.0f} % of {progress.total} records ({progress.topic}){left}; {new} exposures new or newly ours"
        console.print(line, end="\r" if terminal and progress.done < progress.total else "\n")

    return show


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _print(mark: Mark, *, dry_run: bool) -> None:
    typer.echo("would be:" if dry_run else "found by replay:")
    for word, text in _WORDS.items():
        if count := mark.counts.get(word, 0):
            typer.echo(f"{count:>10}  {text}")
    if not any(mark.counts.get(word) for word in ("opened", "attributed")):
        typer.echo("nothing new")
    if mark.left:
        how = "begin anew" if dry_run else "`leakstream replay --resume` goes on"
        typer.echo(f"stopped; {mark.left} records are left: {how}")
