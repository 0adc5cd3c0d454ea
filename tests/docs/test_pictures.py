"""The pictures of the console in the documentation are what the console looks like: taken by this test, with `--write-pictures` kept.

pytest tests/docs/test_pictures.py --write-pictures
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import chromium
from doc_pages import ROOT
from shown_console import Shown, shown_console

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1120, 700
MOST = 200_000  # bytes of one picture
PAGES = {"exposures": "/exposures", "exposure": "", "coverage": "/coverage"}


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


async def pictures(shown: Shown) -> dict[str, bytes]:
    """File names and PNGs."""
    taken = {}
    async with chromium.browser() as browser:
        for scheme in ("light", "dark"):
            options = {"viewport": {"width": WIDTH, "height": HEIGHT}, "color_scheme": scheme}
            async with chromium.page(browser, **options) as tab:
                for name, path in PAGES.items():
                    answer = await tab.goto(shown.url(path) if path else shown.featured)
                    assert answer is not None
                    assert answer.ok
                    await tab.wait_for_selector("main")
                    taken[f"{name}-{scheme}.png"] = await tab.screenshot(animations="disabled")
    return taken


async def test_the_console_is_pictured(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with shown_console(tmp_path) as shown:
        taken = await pictures(shown)
    if request.config.getoption("--write-pictures", default=False):
        for name, png in taken.items():
            (PICTURES / name).write_bytes(png)
    kept = {path.name: path.read_bytes() for path in PICTURES.glob("*.png")}
    assert kept.keys() == taken.keys()
    for name, png in taken.items():
        assert size(png) == size(kept[name]) == (WIDTH, HEIGHT)
        assert len(kept[name]) < MOST, f"{name}: {len(kept[name])} bytes"
        assert len(png) > 10_000, f"{name}: nothing is on it"
