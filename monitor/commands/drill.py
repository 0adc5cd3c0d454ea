"""`leakstream drill`: plant a synthetic leak and follow it to the pager; `leakstream drill list`: those that were."""

from __future__ import annotations

import asyncio
import getpass
import time
from enum import StrEnum
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console
from rich.text import Text

from detectors import load_rules
from monitor.app import Drills, open_drills, unplantable
from monitor.commands.drill_simulated import simulated_drills
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.config import Config
from monitor.drills.way import Answer, drill_object, stages
from monitor.store import drills
from monitor.store.drills import MISSED, PLANTED, TOLD, Drill
from monitor.untrusted import Sink, untrusted

app = typer.Typer()
_LOOK: Final = 0.2  # seconds between looks at the store
_GRACE: Final = 5.0  # seconds that the service has to judge what is due, before the command does
_STYLES: Final = {TOLD: "bold green", MISSED: "bold red", PLANTED: "yellow"}
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Way(StrEnum):
    """Where a drill is planted."""

    INGEST = "ingest"
    SIMULATOR = "simulator"
    REPOSITORY = "repository"


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="drill")


@app.callback(invoke_without_command=True)
def drill(
    context: typer.Context,
    config: ConfigOption = None,
    source: Annotated[
        Way,
        typer.Option(
            help="Where it is planted: ingest (of the running service), repository (your own private test repository, as"
            " the configuration's drills.repository names it), or simulator (a service and an internet of its own, nothing of yours is used)."
        ),
    ] = Way.INGEST,
    practice: Annotated[
        bool,
        typer.Option(
            "--practice",
            help="Rehearse the response: the page looks like a real leak's, is marked EXERCISE, and stays until somebody closes it.",
        ),
    ] = False,
    like: Annotated[
        str, typer.Option(help="The rule whose leak a practice shows; see `leakstream rules list`.")
    ] = "aws-secret-access-key",
    timeout: Annotated[
        float, typer.Option(min=1, max=86_400, help="Seconds after which it is missed.")
    ] = 120.0,
    as_json: JsonOption = False,
) -> None:
    """Plant a synthetic leak, which opens nothing, and follow it to the notifiers with `drills = true`.

    Exit status: 0 told in time, 1 missed (it says where it got stuck and what to look at), 2 the call or the configuration was wrong.
    """
    if context.invoked_subcommand is not None:
        return
    detail: dict[str, Any] = {"practice": True, "shown": _shown(like)} if practice else {}
    held = asyncio.run(_hold(config, source, timeout, detail, as_json=as_json))
    if held.state != TOLD:
        raise typer.Exit(1)


@app.command("list")
def list_drills(
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List drills, the newest first: those by the clock and those by hand."""
    found = asyncio.run(_newest(read_config(config), limit))
    if as_json:
        for known, answer in found:
            typer.echo(orjson.dumps(drill_object(known, answer)).decode())
        return
    table = new_table("id", "planted", "through", "outcome", "time to page", "practice", "stuck at")
    for known, answer in found:
        told = dict(stages(known)).get("told")
        table.add_row(
            known.id[:12],
            time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(known.planted_at)),
            known.source,
            Text(known.state, style=_STYLES[known.state]),
            "" if told is None else f"{told:.1f} s",
            _practised(drill_object(known, answer)) if known.practice else "",
            str(known.detail.get("stuck", "")),
        )
    print_table(table, f"{len(found)} drill{'' if len(found) == 1 else 's'}")


async def _hold(path: Any, source: Way, timeout: float, detail: dict[str, Any], *, as_json: bool) -> Drill:
    if source is Way.SIMULATOR:
        async with simulated_drills() as opened:
            return await _follow(opened, source, timeout, detail, as_json=as_json)
    config = read_config(path)
    async with open_drills(config, clock=time.time) as opened:
        if source not in opened.sources:
            raise Failure(unplantable(config, source))
        if not opened.notifiers:
            raise Failure("no notifier has `drills = true`: nobody would be told of a drill")
        return await _follow(opened, source, timeout, detail, as_json=as_json)


async def _follow(
    opened: Drills, source: Way, timeout: float, detail: dict[str, Any], *, as_json: bool
) -> Drill:
    console = Console(highlight=False, quiet=as_json)
    drill, failed = await opened.desk.hold(source, timeout=timeout, by=f"cli:{getpass.getuser()}", **detail)
    console.print(f"drill {drill.id} through {source.value}, told to {', '.join(opened.notifiers)}")
    shown = 0
    while drill.state == PLANTED:
        if failed or time.time() > drill.due + _GRACE:
            await opened.keeper.beat()  # where no service judges, it is done here
        drill = await _read(opened, drill.id)
        shown = _print_stages(console, drill, shown)
        if drill.state == PLANTED:
            await asyncio.sleep(_LOOK)
    answer = await _practise(opened, drill, console) if drill.practice and drill.state == TOLD else Answer()
    if as_json:
        typer.echo(orjson.dumps(drill_object(drill, answer), option=orjson.OPT_INDENT_2).decode())
    _print_outcome(console, drill)
    return drill


async def _practise(opened: Drills, drill: Drill, console: Console) -> Answer:
    """Wait until somebody closes it; Ctrl-C leaves it open, and `drill list` tells the figures later."""
    exposure = drill.detail["exposure"]
    console.print(
        f"practice: the team has the page. It stays until `leakstream exposures close {exposure[:12]} --reason test`;"
        " Ctrl-C leaves it open"
    )
    told = Answer()
    while told.closed_at is None:
        async with opened.store.read() as connection:
            now = Answer(*await drills.answer(connection, exposure))
        if now != told:
            told = now
            console.print(f"  {_practised(drill_object(drill, told))}")
        else:
            await asyncio.sleep(_LOOK)
    return told


async def _read(opened: Drills, drill_id: str) -> Drill:
    async with opened.store.read() as connection:
        found = await drills.find(connection, drill_id)
    if found is None:
        raise Failure(f"drill {drill_id} is no longer in the store", status=1)
    return found


async def _newest(config: Config, limit: int) -> list[tuple[Drill, Answer]]:
    async with open_drills(config, clock=time.time, planters={}) as opened:
        return await _newest_of(opened, limit)


async def _newest_of(opened: Drills, limit: int = 1) -> list[tuple[Drill, Answer]]:
    async with opened.store.read() as connection:
        return [
            (known, Answer(*await drills.answer(connection, known.detail.get("exposure", ""))))
            for known in await drills.newest(connection, limit=limit)
        ]


def _shown(like: str) -> dict[str, Any]:
    """What a page of such a leak says. Facts are made up and say so."""
    rule = load_rules().by_id.get(like)
    if rule is None:
        raise Failure(f"--like {like}: no such rule; see `leakstream rules list`")
    return {
        "rule": rule.id,
        "provider": rule.provider,
        "title": rule.title,
        "severity": rule.severity.value,
        "revoke": rule.how_to_revoke,
        "facts": {"exercise": "made up for a practice: nothing was leaked", "account_id": "000000000000"},
    }


def _print_stages(console: Console, drill: Drill, shown: int) -> int:
    """Print the stages behind the first `shown`; returns how many are printed now."""
    passed = stages(drill)
    before = passed[shown - 1][1] if shown else 0.0
    for name, after in passed[shown:]:
        console.print(f"  {name:<8} {after:8.2f} s   +{max(0.0, after - before):.2f} s")
        before = after
    return len(passed)


def _print_outcome(console: Console, drill: Drill) -> None:
    known = drill_object(drill)
    for name, after in known["notifiers"].items():
        console.print(f"  {name:<8} {after:8.2f} s")
    policy = known["policy"]
    if policy["action"]:
        console.print(
            f"a real leak there: owned {policy['owned']}, {policy['action']} ({policy['decision']})"
        )
    console.print(Text(drill.state, style=_STYLES[drill.state]))
    if drill.state == MISSED:
        console.print(f"stuck at {known['stuck']}: {known['look']}")
        if known["why"]:
            console.print(Text(untrusted(known["why"], Sink.TERMINAL)))
        for name, reason in known["waiting"].items():
            console.print(f"  {name}: {reason}")


def _practised(known: dict[str, Any]) -> str:
    words = [
        f"{word} after {after:.0f} s" if after is not None else f"not {word}"
        for word, after in (
            ("acknowledged", known["acknowledged_after"]),
            ("closed", known["closed_after"]),
        )
    ]
    return ", ".join(words)
