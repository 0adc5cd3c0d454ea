from __future__ import annotations

from pathlib import Path

import typer.main

from monitor import cli
from monitor.reference import commands

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == commands.page(), "run `python -m monitor.reference docs`"


def test_every_command_is_walked_with_its_options() -> None:
    found = dict(commands.walk(typer.main.get_command(cli.build())))
    assert {"leakstream scan", "leakstream run", "leakstream drill", "leakstream drill list"} <= found.keys()
    assert "leakstream coverage" not in found  # does nothing by itself
    assert {"--json", "--practice", "--help"} <= commands.options(
        "leakstream drill", found["leakstream drill"]
    )
    assert "--write-baseline" in commands.options("leakstream scan", found["leakstream scan"])
