"""`leakstream store import`: from the file that it began with to PostgreSQL, or back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from monitor.app import open_transfer, store_name
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.config import Config
from monitor.store.transfer import transfer

app = typer.Typer(help="Where exposures are kept. See docs/how-to/postgresql.md.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="store")


@app.command("import")
def import_(
    source: Annotated[
        Path,
        typer.Argument(
            help="The old store: a SQLite file (store.db), or the configuration (.toml) that names it.",
            show_default=False,
        ),
    ],
    config: ConfigOption = None,
) -> None:
    """Put everything that an old store holds into the one that the configuration names, which must be empty.

    Exposures with all their places, what was told and has to be told, closes, silences, the ledger with its hashes and seals, the access log.
    All of it or nothing; the old store stays as it is. Stop the service first; the fingerprint key must be the same.
    """
    found = read_config(config)
    counts = asyncio.run(_import(found, source))
    table = new_table("table", "rows")
    for name, count in sorted(counts.items()):
        table.add_row(name, f"{count:,}")
    total = f"{sum(counts.values()):,} rows are in {store_name(found)} now; {source} is as it was"
    print_table(table, f"{total}. Check the ledger with `leakstream coverage check`")


async def _import(config: Config, source: Path) -> dict[str, int]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bars = dict[str, TaskID]()

        def on_rows(name: str, done: int, of: int) -> None:
            if name not in bars:
                bars[name] = progress.add_task(name, total=of)
            progress.update(bars[name], completed=done)

        async with open_transfer(config, source) as (old, new):
            return await transfer(old, new, now=time.time(), on_rows=on_rows)
