"""`leakstream dlq list|show|retry|drop`: records that broke their contract and documents that killed a scanning process twice. The
service may run meanwhile.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import orjson
import typer
from rich.console import Console
from rich.text import Text

from monitor.app import open_dead_letters
from monitor.bus.base import Backpressure
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.dlq.desk import DeadLetters, Shown, Wanted
from monitor.dlq.letter import Letter, LetterId, UnknownLetter, letter_object, when
from monitor.untrusted import Sink, untrusted

app = typer.Typer(help="Records that could not be read or scanned.", no_args_is_help=True)
_T = TypeVar("_T")
TopicOption = Annotated[str, typer.Option(help="Only those meant for this topic, as in documents.v1.")]
ReasonOption = Annotated[str, typer.Option(help="Only those buried for this reason.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PlaceArgument = Annotated[str, typer.Argument(help="As in the list: documents.v1/0/17.", show_default=False)]
PlacesArgument = Annotated[
    list[str] | None, typer.Argument(help="As in the list: documents.v1/0/17 …", show_default=False)
]
EveryOption = Annotated[bool, typer.Option("--all", help="Every one that is open.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="dlq")


@app.command("list")
def list_letters(
    config: ConfigOption = None,
    topic: TopicOption = "",
    reason: ReasonOption = "",
    done: Annotated[bool, typer.Option("--all", help="Also those that were sent again or dropped.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the newest of each topic first. Never their content."""
    found = _with_letters(
        config, lambda letters: letters.list(_wanted(letters, topic, reason, done=done), actor=_actor())
    )
    if as_json:
        for letter in found[:limit]:
            typer.echo(orjson.dumps(letter_object(letter)).decode())
        return
    if not found:
        typer.echo("no dead letters")
        return
    _print_counts(found)
    table = new_table("place", "buried", "reason", "stage", "size", "tries", "source", "document", "state")
    for letter in found[:limit]:
        table.add_row(
            str(letter.id),
            when(letter.buried_at),
            _foreign(letter.burial.reason),
            _foreign(letter.burial.stage),
            str(letter.size),
            str(letter.burial.retries + 1),
            _foreign(letter.source, limit=40),
            _foreign(letter.document, limit=80),
            letter.done.verb if letter.done else "open",
        )
    print_table(table, f"{min(limit, len(found))} of {len(found)}")


@app.command("show")
def show(
    place: PlaceArgument,
    config: ConfigOption = None,
    content: Annotated[
        bool,
        typer.Option(
            "--content",
            help="Write the value as it lies, plain text, into the file or pipe that is standard output; this is logged.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one dead letter: why, whence, headers, digest. Texts are masked; its content only with --content."""
    if content:
        if sys.stdout.isatty():
            raise Failure(
                "the content is plain text, perhaps live credentials: send it into a file or a pipe"
            )
        value = _with_letters(config, lambda letters: letters.content(LetterId.parse(place), actor=_actor()))
        try:
            # not sys.stdout.buffer: under PYTHONUNBUFFERED that writes as much as a pipe takes, and no more
            with open(sys.stdout.fileno(), "wb", closefd=False) as out:
                out.write(value)
        except BrokenPipeError:  # `… | head`: nobody listens any more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        return
    found = _with_letters(config, lambda letters: letters.show(LetterId.parse(place), actor=_actor()))
    if as_json:
        whole = {**letter_object(found.letter), "sha256": found.digest, "headers": _headers(found)}
        typer.echo(orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode())
        return
    _print(found)


@app.command("retry")
def retry(
    places: PlacesArgument = None,
    config: ConfigOption = None,
    topic: TopicOption = "",
    reason: ReasonOption = "",
    every: EveryOption = False,
    yes: YesOption = False,
) -> None:
    """Send dead letters again to the topics that they were meant for: after an upgrade, or once their cause is gone."""

    async def work(letters: DeadLetters) -> str:
        chosen = await _chosen(letters, places, topic, reason, every=every)
        if not _confirmed(chosen, "send {} again", yes=yes):
            return "nothing to send again"
        sent = await letters.retry(chosen, actor=_actor())
        gone = f"; {len(chosen) - sent} gone: retention took them" if sent < len(chosen) else ""
        return (
            f"{_count(sent)} sent again{gone}. What cannot be read or scanned still, comes back as a new one."
        )

    typer.echo(_with_letters(config, work))


@app.command("drop")
def drop(
    places: PlacesArgument = None,
    config: ConfigOption = None,
    topic: TopicOption = "",
    reason: ReasonOption = "",
    every: EveryOption = False,
    yes: YesOption = False,
) -> None:
    """Be done with dead letters: they are listed no more."""

    async def work(letters: DeadLetters) -> str:
        chosen = await _chosen(letters, places, topic, reason, every=every)
        if not _confirmed(chosen, "drop {}", yes=yes):
            return "nothing to drop"
        count = await letters.drop(chosen, actor=_actor())
        return (
            f"{_count(count)} dropped. The records themselves stay on the bus until its retention takes them."
        )

    typer.echo(_with_letters(config, work))


def _with_letters(config: ConfigOption, ask: Callable[[DeadLetters], Awaitable[_T]]) -> _T:
    settings = read_config(config)

    async def run() -> _T:
        async with open_dead_letters(settings, clock=time.time) as letters:
            return await ask(letters)

    try:
        return asyncio.run(run())
    except UnknownLetter as error:
        raise Failure(str(error), status=1) from error
    except Backpressure as error:
        raise Failure(
            f"the bus takes no more now ({error.reason}); what was done is marked, the rest is as it was: try again later",
            status=1,
        ) from error


def _wanted(letters: DeadLetters, topic: str, reason: str, *, done: bool = False) -> Wanted:
    if topic and topic not in letters.topics:
        raise Failure(f"--topic is one of {', '.join(letters.topics)}")
    return Wanted(topic, reason, done)


async def _chosen(
    letters: DeadLetters, places: list[str] | None, topic: str, reason: str, *, every: bool
) -> Sequence[Letter]:
    if places:
        if topic or reason or every:
            raise Failure("give places, or --topic, --reason or --all; not both")
        return await letters.named([LetterId.parse(place) for place in places])
    if not (topic or reason or every):
        raise Failure("which ones? give places, --topic, --reason or --all")
    return await letters.choose(_wanted(letters, topic, reason))


def _confirmed(chosen: Sequence[Letter], question: str, *, yes: bool) -> bool:
    """False when there is nothing to do. Raises typer.Abort for a no, Failure where nobody can be asked."""
    if not chosen:
        return False
    if not yes:
        _print_counts(chosen)
        if not sys.stdin.isatty():
            raise Failure("nobody to ask on standard input: say --yes")
        typer.confirm(question.format(_count(len(chosen))) + "?", abort=True)
    return True


def _print_counts(found: Sequence[Letter]) -> None:
    counts = Counter((letter.id.topic, letter.burial.reason) for letter in found)
    table = new_table("topic", "reason", "letters")
    for (topic, reason), count in sorted(counts.items()):
        table.add_row(topic, _foreign(reason), str(count))
    print_table(table, "")


def _print(shown: Shown) -> None:
    letter, burial = shown.letter, shown.letter.burial
    done = letter.done
    rows = {
        "reason": f"{burial.reason}, said the stage {burial.stage}",
        "buried": when(letter.buried_at),
        "stood at": f"{letter.id.topic}, partition {burial.partition}, offset {burial.offset}",
        "sent again": f"{burial.retries} times before",
        "state": f"{done.verb} {when(done.at)} by {done.actor}" if done else "open",
        "source": letter.source,
        "document": letter.document,
        "media type": letter.media_type,
        "value": f"{letter.size} bytes, SHA-256 {shown.digest}",
        "headers": ", ".join(f"{name} ({size} bytes)" for name, size in shown.headers.items()),
    }
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(str(letter.id), style="bold"))
    for name, value in rows.items():
        if value:
            console.print(Text(f"{name:<11}{untrusted(value, Sink.TERMINAL, limit=1000)}"))


def _headers(shown: Shown) -> dict[str, int]:
    return {untrusted(name, Sink.PLAIN): size for name, size in shown.headers.items()}


def _foreign(text: str, *, limit: int = 64) -> Text:
    return Text(untrusted(text, Sink.TERMINAL, limit=limit))


def _count(number: int) -> str:
    return f"{number} dead letter{'' if number == 1 else 's'}"


def _actor() -> str:
    return f"cli:{getpass.getuser()}"
