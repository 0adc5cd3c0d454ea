"""How the pages look to axe, to a phone, to a printer and to whoever sees them in the dark."""

import pytest
import pytest_asyncio

from chromium import browser, serious
from console_tabs import DARK, PHONE, WIDE, tab
from shown_console import shown_console

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKED = "/coverage?repo=acme/social-publisher&at=2026-11-22T13:13"
PATHS = ("/exposures", "/exposures?q=nothing+of+it", "/exposures/{twitter}", "/exposures/{google}", "/exposures/{nobody}", "/exposures/{pii}", ASKED, "/rules?shown=found", "/exposures/zz")  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    async with browser() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    path = folder / "token"
    path.touch(mode=0o600)
    path.write_text("rosa" * 20)
    tokens = [{"name": "rosa", "role": "responder", "file": str(path)}]
    async with shown_console(folder, settings={"tokens": tokens, "requests_per_minute": 100_000}) as console:
        yield console


BEARER = {"extra_http_headers": {"Authorization": "Bearer " + "rosa" * 20}}


@pytest.mark.parametrize("look", [WIDE, PHONE], ids=["wide", "phone"])
async def test_nothing_serious_on_any_page(chromium, shown, look):
    async with tab(chromium, but="status of 4", **look, **BEARER) as opened:
        for path in PATHS:
            await opened.goto(shown.url(path.format(**shown.leaks)))
            await opened.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            assert await serious(opened) == [], path
            assert await opened.locator("h1").count() == 1
            assert (await opened.title()).endswith(" · leakstream")
            width = await opened.evaluate("document.documentElement.scrollWidth")
            assert width <= look["viewport"]["width"], path
            if look is WIDE:
                await opened.emulate_media(color_scheme="dark")
                assert await serious(opened) == [], f"{path} in the dark"
                await opened.emulate_media(color_scheme="light")


@pytest.mark.parametrize("look", [WIDE, DARK, PHONE], ids=["light", "dark", "phone"])
async def test_nothing_serious_on_the_way_in(chromium, shown, look):
    async with tab(chromium, **look) as opened:
        await opened.goto(shown.url("/login"))
        assert await serious(opened) == []


async def test_the_dark_is_dark_and_nothing_moves_that_shall_not(chromium, shown):
    ground = "getComputedStyle(document.body).backgroundColor"
    async with tab(chromium, **DARK, **BEARER, reduced_motion="reduce") as opened:
        await opened.goto(shown.url("/exposures"))
        dark = await opened.evaluate(ground)
        assert (
            await opened.evaluate("getComputedStyle(document.getElementById('news')).animationName") == "none"
        )
        await opened.emulate_media(color_scheme="light")
        assert (dark, await opened.evaluate(ground)) == ("rgb(16, 18, 22)", "rgb(245, 246, 248)")


async def test_an_exposure_is_printed_without_what_cannot_be_pressed(chromium, shown):
    async with tab(chromium, **BEARER) as opened:
        await opened.goto(shown.featured)
        await opened.emulate_media(media="print")
        for name in (".top nav", ".strip", ".acts", ".history", ".back"):
            assert not await opened.locator(name).first.is_visible(), name
        for name in ("h1", ".todo", ".snippet", ".moments", ".spots"):
            assert await opened.locator(name).is_visible(), name


async def test_a_hostile_exposure_breaks_nothing(chromium, shown):
    """Also in the live part, which puts HTML into the page."""
    long = "x" * 400
    evil = "<img src=x onerror=alert(1)>\u202e'\"{{7*7}}</script><script>alert(1)</script>" + long
    leak = await shown.leak(
        "evil", title=evil, preview=evil, facts={evil: evil}, decision=evil, repository=evil, path=evil
    )
    async with tab(chromium, **PHONE, **BEARER) as opened:
        opened.on("dialog", lambda dialog: pytest.fail(dialog.message))
        for path in ("/exposures", f"/exposures/{leak}"):
            await opened.goto(shown.url(path))
            assert await opened.locator("main img").count() == 0
            assert "\u202e" not in await opened.content()
            assert "<img src=x" in await opened.inner_text("main")
            assert await opened.evaluate("document.documentElement.scrollWidth") == 360
