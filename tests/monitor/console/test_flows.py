"""What people do in the console, in a real browser."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from chromium import browser
from console_tabs import PATIENCE, PHONE, sign_in, tab
from shown_console import shown_console

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOKENS = {"vera": "viewer", "rosa": "responder"}
SOON = 0.2  # seconds between two questions of an open page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    expect.set_options(timeout=PATIENCE)
    async with browser() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown(tmp_path_factory):
    async with shown_console(tmp_path_factory.mktemp("shown"), live_seconds=SOON) as console:
        yield console


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory):
    """A console that asks who somebody is. The token is the name twenty times."""
    folder = tmp_path_factory.mktemp("guarded")
    tokens = []
    for name, role in TOKENS.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(name * 20)
        tokens.append({"name": name, "role": role, "file": str(path)})
    async with shown_console(folder, settings={"tokens": tokens}) as console:
        yield console


async def titles(opened):
    return await opened.locator("a[data-row]").all_inner_texts()


async def test_a_link_out_of_a_page_leads_through_the_sign_in_to_its_exposure(chromium, guarded):
    async with tab(chromium, but="401") as opened:
        await opened.goto(guarded.featured)
        assert "/login?next=" in opened.url
        await opened.get_by_label("Token").fill("a wrong guess of it")
        await opened.get_by_role("button", name="Sign in").click()
        await expect(opened.get_by_role("alert")).to_have_text("That is not the token.")
        await sign_in(opened, guarded.featured, "rosa" * 20)
        await expect(opened.locator("h1")).to_contain_text("X (Twitter) API key")
        await expect(opened.locator(".person")).to_have_text("rosa responder")
        await opened.get_by_role("button", name="Sign out").click()
        await opened.goto(guarded.url("/exposures"))
        assert "/login" in opened.url


async def test_a_viewer_sees_no_buttons_and_cannot_post(chromium, guarded):
    async with tab(chromium, but="403") as opened:
        await sign_in(opened, guarded.featured, "vera" * 20)
        await expect(opened.locator("main form")).to_have_count(0)
        await expect(opened.locator("main button")).to_have_count(0)
        await expect(opened.get_by_role("img", name="not done")).to_have_count(7)
        await opened.goto(guarded.url("/exposures"))
        await expect(opened.locator('main input[name="id"]')).to_have_count(0)
        await expect(opened.locator("#bulk")).to_have_count(0)
        csrf = await opened.locator('input[name="csrf"]').first.get_attribute("value")
        for path in (
            f"/exposures/{guarded.leaks['stripe']}/close",
            "/bulk/acknowledge",
            f"/exposures/{guarded.leaks['stripe']}/tick",
        ):
            answer = await opened.request.post(
                guarded.url(path),
                form={
                    "csrf": csrf,
                    "id": guarded.leaks["stripe"],
                    "reason": "test",
                    "step": "stop",
                    "done": "yes",
                },
            )
            assert (answer.status, "responder" in await answer.text()) == (403, True)
        stripe = await guarded.people.show(guarded.leaks["stripe"], actor="a test")
        assert (stripe["state"], stripe["checklist"][0]["done"]) == ("open", None)


async def test_filters_and_search_stand_in_the_address(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/exposures"))
        everything = await titles(opened)
        await opened.get_by_role("checkbox", name="critical").check(force=True)
        await opened.wait_for_url("**severity=critical**")
        critical = await titles(opened)
        assert 0 < len(critical) < len(everything)
        assert set(await opened.locator("tbody .pill").all_inner_texts()) == {"CRITICAL"}
        await expect(opened.get_by_role("checkbox", name="critical")).to_be_focused()
        await opened.get_by_role("searchbox").fill("terraform")
        await opened.get_by_role("searchbox").press("Enter")
        await opened.wait_for_url("**q=terraform**")
        assert await titles(opened) == ["AWS access key id and secret on one line"]
        assert "rule=" not in opened.url
        await opened.reload()
        assert await titles(opened) == ["AWS access key id and secret on one line"]
        await opened.get_by_text("Source, rule, time, mode").click()
        await opened.get_by_label("Source").select_option("pastebin")
        await opened.wait_for_url("**source=pastebin**")
        await expect(opened.get_by_text("Nothing matches.")).to_be_visible()
        await opened.get_by_role("link", name="Reset").click()
        assert await titles(opened) == everything
        await opened.goto(shown.url("/exposures?state=all&mode=exercise&within=24h"))
        assert len(await titles(opened)) == 1


async def test_pages_of_a_long_list(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/exposures?limit=5&state=all"))
        first = await titles(opened)
        seen = list(first)
        while await opened.get_by_role("link", name="Older ones").count():
            await opened.get_by_role("link", name="Older ones").click()
            seen += await titles(opened)
        total = int(await opened.locator("h1 .count").inner_text())
        assert len(seen) == total > 10
        await opened.get_by_role("link", name="Newest").click()
        assert await titles(opened) == first


async def test_from_the_list_to_the_end_of_an_exposure(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/exposures?q=support-assistant"))
        await opened.get_by_role("link", name="OpenAI project").click()
        await expect(opened.locator("h1")).to_have_text("critical OpenAI project or service account key")
        assert await opened.title() == "critical: OpenAI project or service account key · leakstream"
        await opened.get_by_role("button", name="Step 1 is done").click()
        await expect(opened.get_by_role("button", name="Step 1 is done", pressed=True)).to_be_visible()
        await expect(opened.locator(".checklist li").first).to_contain_text("done by local")
        await opened.get_by_role("button", name="Step 1 is done").click()
        await expect(opened.get_by_role("button", name="Step 1 is done", pressed=False)).to_be_visible()
        await opened.get_by_role("button", name="I have it in hand").click()
        await expect(opened.locator(".head .state-word")).to_have_text("in hand")
        await opened.get_by_role("button", name="It is revoked at its provider").click()
        await expect(opened.locator(".tags")).to_contain_text("revoked")
        await opened.get_by_text("Close it…").click()
        await opened.get_by_label("Because").select_option("revoked")
        await opened.get_by_label("Note").fill("rotated <b>twice</b>")
        await opened.get_by_role("button", name="Close", exact=True).click()
        await expect(opened.locator(".bar")).to_contain_text(
            "by local: revoked, for leak. “rotated <b>twice</b>”"
        )
        moments = await opened.locator(".moments li").all_inner_texts()
        assert any("taken in hand by local" in text for text in moments)
        assert any("step not done after all: stop the abuse" in text for text in moments)
        await opened.get_by_role("button", name="Reopen").click()
        await expect(opened.locator(".tags")).to_contain_text("opened 2 times")
        await expect(opened.get_by_role("button", name="I have it in hand")).to_be_visible()


async def test_many_at_once(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/exposures?severity=medium&severity=high&owned=claimed"))
        boxes = opened.locator('input[name="id"]')
        assert await boxes.count() == 2
        await expect(opened.locator("#bulk")).not_to_be_visible()
        await opened.get_by_label("Select all on this page").check()
        await expect(opened.locator("#picked")).to_have_text("With the 2 selected:")
        await shown.people.acknowledge(await boxes.first.get_attribute("value"), actor="somebody else")
        await opened.get_by_role("button", name="I have them in hand").click()
        await expect(opened.locator(".bar[role=status]")).to_have_text(
            "1 done, 1 not: somebody was there before."
        )
        for number in range(2):
            await opened.locator('input[name="id"]').nth(number).check()
        await opened.get_by_label("Close as").select_option("not_ours")
        await opened.get_by_role("button", name="Close them").click()
        await expect(opened.locator(".bar[role=status]")).to_have_text("2 done.")
        await expect(opened.get_by_text("Nothing matches.")).to_be_visible()


async def test_a_new_exposure_announces_itself(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/exposures"))
        before = await titles(opened)
        leak = await shown.leak("just now")
        await expect(opened.locator("#fresh")).to_have_text("1 new: show")
        await expect(opened.locator("#news")).to_have_text("1 new exposure")
        assert await opened.locator("#news").get_attribute("aria-live") == "polite"
        assert await titles(opened) == before
        await opened.get_by_role("link", name="show", exact=True).click()
        await expect(opened.locator(f'a[href="/exposures/{leak}"]')).to_be_visible()


async def test_an_open_page_shows_what_somebody_else_does(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url(f"/exposures/{shown.leaks['stripe']}"))
        await shown.people.acknowledge(shown.leaks["stripe"], actor="tomas")
        await expect(opened.locator(".head .state-word")).to_have_text("in hand")
        await expect(opened.locator(".moments")).to_contain_text("taken in hand by tomas")
        await expect(opened.locator("#news")).to_contain_text("has changed")
        await opened.keyboard.press("p")
        await expect(
            opened.get_by_role("button", name="Live updates are paused", pressed=True)
        ).to_be_visible()
        asked = []
        opened.on("request", lambda request: asked.append(request.url))
        await opened.wait_for_timeout(5 * SOON * 1000)
        assert asked == []


async def test_by_the_keyboard_alone(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/exposures?state=all"))
        press = opened.keyboard.press
        await press("Tab")
        await expect(opened.get_by_role("link", name="Skip to the content")).to_be_focused()
        await press("Enter")
        await expect(opened.locator("main")).to_be_focused()
        await press("?")
        await expect(opened.get_by_role("dialog", name="Keys")).to_be_visible()
        await press("Escape")
        await expect(opened.get_by_role("dialog")).not_to_be_visible()
        rows = opened.locator("a[data-row]")
        await press("j")
        await expect(rows.nth(0)).to_be_focused()
        await press("j")
        await press("ArrowDown")
        await press("k")
        await expect(rows.nth(1)).to_be_focused()
        width = await rows.nth(1).evaluate("at => getComputedStyle(at).outlineWidth")
        assert width == "2px"
        await press("x")
        await expect(opened.locator("#picked")).to_have_text("With the one selected:")
        await press("x")
        await press("/")
        await expect(opened.get_by_role("searchbox")).to_be_focused()
        await opened.keyboard.type("jk?x")
        await expect(opened.get_by_role("searchbox")).to_have_value("jk?x")
        await press("Escape")
        await press("j")
        await press("Enter")
        await expect(opened.locator("article.exposure")).to_be_visible()
        await press("u")
        await opened.wait_for_url("**/exposures?state=all")
        for key, path in (("c", "/coverage"), ("r", "/rules"), ("e", "/exposures")):
            await press("g")
            await press(key)
            await opened.wait_for_url(shown.url(path))


async def test_without_a_script(chromium, shown):
    async with tab(chromium, java_script_enabled=False) as opened:
        await opened.goto(shown.url("/exposures"))
        await opened.get_by_role("searchbox").fill("oncall-bot")
        await opened.get_by_role("button", name="Show").click()
        await opened.get_by_role("link", name="Slack bot token").click()
        await opened.get_by_role("button", name="Step 2 is done").click()
        assert opened.url.endswith("#todo")
        await expect(opened.locator(".checklist li").nth(1)).to_contain_text("done by local")
        await opened.get_by_text("Close it…").click()
        await opened.get_by_label("Because").select_option("removed")
        await opened.get_by_role("button", name="Close", exact=True).click()
        await expect(opened.get_by_role("button", name="Reopen")).to_be_visible()
        await opened.goto(shown.url("/exposures"))
        await opened.locator('input[name="id"]').first.check()
        await opened.get_by_role("button", name="I have them in hand").click()
        await expect(opened.locator(".bar[role=status]")).to_contain_text("done")


async def test_the_report_is_a_file(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.featured)
        async with opened.expect_download() as coming:
            await opened.get_by_role("link", name="Report").click()
        file = await coming.value
        assert file.suggested_filename == f"exposure-{shown.leaks['twitter'][:12]}.md"
        text = (await file.path()).read_text()
        assert text.startswith("# Exposure report: X")


async def test_coverage_is_seen_and_asked(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/coverage"))
        await expect(opened.get_by_role("img", name="pastebin: ")).to_be_visible()
        await expect(opened.locator("rect.blind")).to_have_count(1)
        await expect(opened.locator("rect.filled")).to_have_count(1)
        await expect(opened.locator("section[aria-labelledby=blind] tbody tr")).to_have_count(2)
        await expect(opened.locator("section[aria-labelledby=ledger]")).to_contain_text(
            "0 of them not sealed yet"
        )
        for at, word in (
            ("2026-11-22T13:13", "seen"),
            ("2026-11-22T10:00", "not seen"),
            ("2026-11-22T09:10", "blind"),
        ):
            await opened.get_by_label("Repository").fill("acme/social-publisher")
            await opened.get_by_label("Published").fill(at)
            await opened.get_by_role("button", name="Ask the ledger").click()
            await expect(opened.locator("#answer .big")).to_have_text(word)
        await opened.get_by_role("link", name="24h").click()
        await expect(opened.locator(".lead")).to_contain_text("2026-11-21 14:00:00")


async def test_rules_with_what_became_of_them(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/rules"))
        await opened.get_by_label("Provider").select_option("npm")
        await opened.wait_for_url("**provider=npm**")
        row = opened.locator("tr", has_text="npm-access-token")
        await expect(row).to_contain_text("100.0 % of 1")
        await row.get_by_role("link").click()
        assert await titles(opened) == ["npm access token"]
        await opened.goto(shown.url("/rules?shown=silent"))
        await expect(opened.locator("tbody tr")).to_have_count(1)
        await expect(opened.locator("tbody tr")).to_contain_text("silent")


async def test_the_strip_says_what_is_wrong(chromium, shown):
    async with tab(chromium) as opened:
        await opened.goto(shown.url("/rules"))
        strip = opened.get_by_role("region", name="Health of the service")
        await expect(strip.locator(".trouble .word")).to_have_text("trouble")
        await strip.get_by_text("1 notifier away").click()
        await expect(strip).to_contain_text("email has taken nothing since")
        await strip.locator(".unread a").click()
        await expect(opened.locator("article.exposure")).to_be_visible()


async def test_on_a_phone(chromium, shown):
    async with tab(chromium, **PHONE) as opened:
        await opened.goto(shown.url("/exposures"))
        row = opened.locator("tbody tr").first
        box = await row.bounding_box()
        assert box["width"] <= 340
        await row.get_by_role("link").tap()
        await expect(opened.locator("article.exposure")).to_be_visible()
        await opened.get_by_role("button", name="Step 3 is done").tap()
        await expect(opened.get_by_role("button", name="Step 3 is done", pressed=True)).to_be_visible()
