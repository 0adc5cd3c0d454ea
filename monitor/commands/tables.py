"""Tables on standard output."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

_WIDE = 10_000  # columns: a program that reads gets every cell whole


def new_table(key: str, *others: str) -> Table:
    """With these columns; the first one names a row and is never cut."""
    table = Table(box=None, header_style="bold")
    table.add_column(key, no_wrap=True, min_width=len(key), overflow="ignore")
    for name in others:
        table.add_column(name)
    return table


def print_table(table: Table, footer: str) -> None:
    """As wide as the terminal; as wide as it is where there is none."""
    console = Console()
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)
    console.print(footer)
