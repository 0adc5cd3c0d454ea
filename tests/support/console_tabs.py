"""Tabs for tests of the console: every tab must end without an error of a script, a refused resource or a message on its console."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page

from chromium import page

WIDE = {"viewport": {"width": 1360, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DARK = {**WIDE, "color_scheme": "dark"}
PATIENCE = 60_000  # milliseconds


@asynccontextmanager
async def tab(chromium: Browser, *, but: str = "", **options: Any) -> AsyncIterator[Page]:
    """`but`: what a message may have in it."""
    wrong: list[str] = []
    async with page(chromium, **(WIDE | options)) as opened:
        opened.set_default_timeout(PATIENCE)
        opened.on("console", lambda message: _note(message, wrong))
        opened.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        yield opened
    strange = [text for text in wrong if not but or but not in text]
    assert not strange, strange


def _note(message: ConsoleMessage, wrong: list[str]) -> None:
    if message.type in ("error", "warning", "assert"):
        wrong.append(f"{message.type}: {message.text}")


async def sign_in(opened: Page, url: str, token: str) -> None:
    """Leaves the tab at `url`."""
    await opened.goto(url)
    await opened.get_by_label("Token").fill(token)
    await opened.get_by_role("button", name="Sign in").click()
    await opened.wait_for_url(url)
