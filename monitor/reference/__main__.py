"""`python -m monitor.reference FOLDER`: write the generated pages there."""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.reference import commands, contracts, settings

PAGES = {"config.md": settings.page, "cli.md": commands.page, "contracts.md": contracts.page}


def main(folder: Path) -> None:
    """Raises OSError."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
