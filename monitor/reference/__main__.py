"""`python -m monitor.reference FOLDER`: write what is generated of the documentation there. FOLDER is `docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from monitor.reference import api, commands, contracts, picture, settings

PAGES: Final = {
    "reference/config.md": settings.page,
    "reference/cli.md": commands.page,
    "reference/contracts.md": contracts.page,
    "reference/api.md": api.page,
    "reference/openapi.json": api.openapi,
    "pictures/way.svg": picture.picture,
}


def main(folder: Path) -> None:
    """Raises OSError."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
