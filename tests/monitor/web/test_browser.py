"""What a real browser makes of the cookie, the policy and the pages of others."""

import pytest
import pytest_asyncio

from chromium import browser, page
from console_fakes import LEAK, FakeQueries, console
from web_samples import People, site

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVIL = "http://evil.test/"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    async with browser() as found:
        yield found


async def theirs(tab, html):
    """Another site, and what was asked of it."""
    asked = []

    async def answer(route):
        asked.append(route.request.url)
        await route.fulfill(body=html, content_type="text/html")

    await tab.route(f"{EVIL}**", answer)
    return asked


async def sign_in(tab, url, token):
    await tab.goto(f"{url}/login")
    await tab.get_by_label("Token").fill(token)
    await tab.get_by_role("button", name="Sign in").click()
    await tab.wait_for_url(f"{url}/exposures")


async def test_a_link_of_another_site_finds_the_session_and_a_form_of_it_does_not(chromium, tmp_path):
    people, queries = People(tmp_path), FakeQueries()
    async with console(queries, **people.settings) as listener, page(chromium) as tab:
        url = listener.address
        await sign_in(tab, url, people.token["responder"])
        exposure = f"{url}/exposures/{LEAK}"
        evil = f'<a href="{exposure}">look</a><form method="post" action="{exposure}/close"><input name="reason" value="test"><button>win</button></form>'
        await theirs(tab, evil)
        await tab.goto(EVIL)
        await tab.get_by_role("link", name="look").click()
        await tab.wait_for_url(exposure)
        assert ("show", LEAK, "a-responder") in queries.asked
        await tab.goto(EVIL)
        async with tab.expect_response(f"{exposure}/close") as answered:
            await tab.get_by_role("button", name="win").click()
        assert (
            await answered.value
        ).status == 401  # the cookie stays at home, and then there is no page's token either
        assert not any(call[0] == "close" for call in queries.asked)


async def test_who_is_not_signed_in_lands_on_the_form_and_then_where_the_link_led(chromium, tmp_path):
    people = People(tmp_path)
    async with console(FakeQueries(), **people.settings) as listener, page(chromium) as tab:
        exposure = f"{listener.address}/exposures/{LEAK}"
        await theirs(tab, f'<a href="{exposure}">look</a>')
        await tab.goto(EVIL)
        await tab.get_by_role("link", name="look").click()
        await tab.wait_for_url("**/login?again=1**")
        await tab.get_by_label("Token").fill(people.token["viewer"])
        await tab.get_by_role("button", name="Sign in").click()
        await tab.wait_for_url(exposure)


async def test_nothing_inline_runs_and_nothing_of_others_is_loaded(chromium):
    async with site() as run, page(chromium) as tab:
        asked = await theirs(tab, "")
        await tab.goto(f"{run.url}/inline", wait_until="networkidle")
        assert await tab.title() == "ours"
        colour = await tab.locator("p").evaluate("element => getComputedStyle(element).color")
        assert colour != "rgb(1, 2, 3)"
        assert asked == []


async def test_a_page_of_ours_is_in_no_frame_and_no_script_of_others_reads_it(chromium):
    async with site() as run, page(chromium) as tab:
        await theirs(tab, f'<iframe src="{run.url}/plain"></iframe>')
        await tab.goto(EVIL, wait_until="networkidle")
        assert "False" not in await tab.frames[1].content()
        read = f"fetch('{run.url}/plain').then(() => 'read', () => 'refused')"
        assert await tab.evaluate(read) == "refused"


async def test_no_script_sees_the_cookie(chromium, tmp_path):
    people = People(tmp_path)
    async with console(FakeQueries(), **people.settings) as listener, page(chromium) as tab:
        await sign_in(tab, listener.address, people.token["viewer"])
        assert await tab.evaluate("document.cookie") == ""
        (cookie,) = await tab.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
