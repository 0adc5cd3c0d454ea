"""The Grafana dashboards, as code: `python deploy/grafana/dashboards.py` writes deploy/grafana/dashboards/*.json, or into the folder that
is named. A test compares them.

pages/ beside this file says what is shown, draw.py how.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from draw import drawn
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from pages import alive, engine, exposures, sources, stream
from panels import Board

BOARDS: Final = (exposures.BOARD, stream.BOARD, engine.BOARD, sources.BOARD, alive.BOARD)


def text(board: Board) -> str:
    """The dashboard as JSON."""
    return json.dumps(drawn(board), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def write(folder: Path) -> None:
    """One file a dashboard, named by what follows `leakstream-` in its uid."""
    folder.mkdir(exist_ok=True)
    for board in BOARDS:
        name = board.uid.removeprefix("leakstream-")
        (folder / f"{name}.json").write_text(text(board), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "dashboards")
