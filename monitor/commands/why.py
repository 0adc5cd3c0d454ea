"""`leakstream exposures show --why`: why an exposure is treated as it is, for a person or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import typer
from rich.text import Text

from monitor.commands.tables import new_table, print_table
from monitor.untrusted import Sink, untrusted


def print_why(found: Mapping[str, Any], *, as_json: bool) -> None:
    """`found`: as `monitor.alerting.exposures.desk.Exposures.why` gives it."""
    if as_json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    owned, case, today, storm = found["owned"], found["case"], found["today"], found["storm"]
    typer.echo(f"{found['title']}   {found['id']}")
    told = "somebody was told" if found["told"] else "nobody was told"
    typer.echo(f"decided    {found['action']}, by {found['decided_by']}; {told} in this opening")
    if (today["action"], today["row"]) != (found["action"], found["decided_by"]):
        typer.echo(f"today      {today['action']}, by {today['row']}: the next sighting applies it")
    typer.echo("asked      " + ", ".join(f"{name} {value}" for name, value in case.items()))
    _reasons(owned)
    _rows(found["rows"])
    typer.echo(f"to page    {found['to_page'] or 'it pages'}")
    held = "it kept a ticket of this one back" if storm["held"] else "it kept nothing of this one back"
    typer.echo(
        f"storm      {storm['used']} of {storm['limit']} tickets of claims began in the last hour; {held}"
    )


def _reasons(owned: Mapping[str, Any]) -> None:
    if not owned["reasons"]:
        typer.echo("whose      nobody's that is watched: no entry of [watch] fits")
        return
    table = new_table("weight", "proof", "reason")
    for reason in owned["reasons"]:
        table.add_row(
            str(reason["weight"]), reason["proof"], Text(untrusted(reason["text"], Sink.TERMINAL, limit=200))
        )
    print_table(table, f"whose      {owned['level']}, score {owned['score']}")


def _rows(rows: list[dict[str, Any]]) -> None:
    table = new_table("row", "action", "")
    decided = False
    for row in rows:
        if row["decides"]:
            said, decided = "decides", True
        elif decided:
            said = "not asked"
        else:
            said = "no: " + "; ".join(row["misses"])
        table.add_row(row["name"], row["action"], Text(said))
    print_table(table, "rows       in the order in which they are asked")
