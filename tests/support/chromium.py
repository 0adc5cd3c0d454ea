"""Debian's Chromium, driven by Playwright: a real browser for tests of pages. Needs no root and no display; see `debian`.

    async with browser() as chromium:
        async with page(chromium) as tab:
            await tab.goto(url)

Nothing but 127.0.0.1 can be reached from it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright

import debian

_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>
"""
_FLAGS = (
    "--no-sandbox",  # tests run as root, and in containers
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def program() -> tuple[Path, dict[str, str]]:
    """Chromium, and the environment that it wants. Blocks while it is fetched for the first time. Raises debian.Unavailable."""
    if found := shutil.which("chromium"):
        return Path(found), dict(os.environ)
    tree = debian.whole("chromium", "fonts-dejavu-core")
    fonts = tree / "fonts.conf"
    if not fonts.exists():
        fonts.write_text(
            _FONTS.format(fonts=tree / "usr" / "share" / "fonts", cache=tree / "fonts"), encoding="utf-8"
        )
    libraries = [tree / folder / "x86_64-linux-gnu" for folder in ("usr/lib", "lib")]
    libraries += [path / "pulseaudio" for path in libraries]
    return tree / "usr" / "lib" / "chromium" / "chromium", {
        **os.environ,
        "LD_LIBRARY_PATH": ":".join(str(path) for path in libraries),
        "FONTCONFIG_FILE": str(fonts),
    }


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """One Chromium, ended with the block."""
    path, environment = program()
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=path, env=dict(environment), args=list(_FLAGS), headless=True
        )
        try:
            yield chromium
        finally:
            await chromium.close()


@asynccontextmanager
async def page(chromium: Browser, **options: Any) -> AsyncIterator[Page]:
    """A tab with no cookies of others. `options`: of Playwright's `new_context` (viewport, color_scheme, extra_http_headers …)."""
    context = await chromium.new_context(**options)
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def serious(tab: Page) -> list[str]:
    """What axe finds on the page and calls serious or critical, a line each; empty = nothing."""
    found = await Axe().run(tab)
    return [
        f"{violation['id']}: {node['target']}: {node.get('failureSummary', '')}"
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
