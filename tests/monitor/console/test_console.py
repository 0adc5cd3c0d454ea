import re

from alerting_samples import NOON, fingerprint, open_store, place, put
from alerting_samples import exposure as row
from browsing import ask
from console_fakes import LEAK, FakeQueries, console, exposure
from monitor.alerting.exposures.desk import Exposures
from monitor.metrics import Metrics
from monitor.store import exposures as stored
from monitor.store.errors import StoreBusy
from monitor.store.queries import Filter


def page_token(page):
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)[1]


async def test_the_list_and_its_filter():
    queries = FakeQueries(next="12.5:ab")
    async with console(queries) as listener:
        page = await ask("GET", f"{listener.address}/exposures?severity=high&owned=proved&q=acme")
        assert page.status == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Example token" in page.text
        assert f'href="/exposures/{LEAK}"' in page.text
        assert "after=12.5%3Aab" in page.text
        assert page.text.count("<script") == 1
        assert '<script src="/static/console.js?v=' in page.text
        assert "style=" not in page.text
        assert " onclick" not in page.text
        assert 'name="severity" value="high" checked' in page.text
        wanted = Filter(state="open", severities=("high",), levels=("proved",), text="acme")
        assert queries.asked == [("newest", wanted), ("list", wanted, "local", 50, "")]
        wrong = await ask("GET", f"{listener.address}/exposures?state=gone")
        assert wrong.status == 400
        assert "state is one of" in wrong.text


async def test_one_exposure_says_what_an_engineer_needs():
    async with console(FakeQueries()) as listener:
        page = await ask("GET", f"{listener.address}/exposures/{LEAK}")
        for text in (
            "ex_…yz",
            "the owner acme is your organisation",
            "checked by <code>crc32</code>",
            "Nobody has tried whether it still works",
            "Revoke it.",
            'href="https://example.com/revoke"',
            "x=ex_…yz\ny=1",
            "viewed by console",
            '<p class="big bad">public</p>',
            '<p class="big bad">1 d 1 h</p><p class="faint">and running</p>',
        ):
            assert text in page.text


async def test_leaked_personal_data_shows_its_clock():
    duty = {
        "data": "e-mail addresses", "people": 12, "law": "GDPR Art. 33", "authority": "the CNIL", "contact": "Ann",
        "aware": "2023-11-15T12:00:00Z", "deadline": "2023-11-18T12:00:00Z",
    }  # fmt: skip
    async with console(FakeQueries(exposure(personal=duty))) as listener:
        page = await ask("GET", f"{listener.address}/exposures/{LEAK}")
        assert (
            'of at least 12 people. GDPR Art. 33: notify the CNIL by <time datetime="2023-11-18T12:00:00Z">2023-11-18 12:00:00</time>; Ann decides.'
            in page.text
        )


async def test_foreign_texts_are_harmless_and_no_link_is_built_of_them():
    evil = "<img src=x onerror=alert(1)>\u202e\"'{{1234567*7}}"
    found = exposure(
        places=[
            {
                "number": 1,
                "seen_at": "2026-06-03T15:00:00Z",
                "source": evil,
                "path": evil,
                "url": "https://evil.test/",
                "snippet": evil,
            }
        ],
        where={"source": "git", "repository": evil, "path": evil},
        revoke=f"javascript:alert(1){evil}",
        revoke_url=f"javascript:alert(1){evil}",
        what={**exposure()["what"], "title": evil, "preview": evil, "facts": {evil: evil}},
        steps=[evil],
    )
    async with console(FakeQueries(found)) as listener:
        for path in ("/exposures", f"/exposures/{LEAK}"):
            page = await ask("GET", listener.address + path)
            assert "<img" not in page.text
            assert "\u202e" not in page.text
            assert "8641969" not in page.text
            assert 'href="javascript' not in page.text
            assert 'href="https://evil' not in page.text


async def test_closing_and_reopening_from_the_page():
    queries = FakeQueries()
    async with console(queries) as listener:
        url = f"{listener.address}/exposures/{LEAK}"
        token = page_token(await ask("GET", url))
        form = {"csrf": token, "reason": "revoked", "note": "rotated"}
        closed = await ask("POST", f"{url}/close", data=form)
        assert (closed.status, closed.headers["Location"]) == (303, f"/exposures/{LEAK}")
        assert queries.asked[-1] == ("close", LEAK, "revoked", "local", "rotated")
        assert (await ask("POST", f"{url}/reopen", data={"csrf": token})).status == 303
        assert queries.asked[-1] == ("reopen", LEAK, "local")
        calls = len(queries.asked)
        assert (await ask("POST", f"{url}/close", data={"reason": "revoked"})).status == 403
        assert len(queries.asked) == calls
        queries.error = ValueError("closed already, by console: revoked")
        again = await ask("POST", f"{url}/close", data=form)
        assert again.status == 409
        assert "closed already" in again.text


async def test_in_hand_and_revoked_from_the_page():
    queries = FakeQueries()
    async with console(queries) as listener:
        url = f"{listener.address}/exposures/{LEAK}"
        token = page_token(await ask("GET", url))
        for verb in ("acknowledge", "revoke"):
            done = await ask("POST", f"{url}/{verb}", data={"csrf": token})
            assert (done.status, done.headers["Location"]) == (303, f"/exposures/{LEAK}")
            assert queries.asked[-1] == (verb, LEAK, "local")
            assert (await ask("POST", f"{url}/{verb}", data={})).status == 403


async def test_a_closed_one_offers_to_reopen():
    closed = {
        "at": "2026-06-03T15:00:00Z",
        "by": "ann",
        "reason": "false_alarm",
        "scope": "leak",
        "where": "",
        "note": "a test key",
    }
    async with console(FakeQueries(exposure(state="closed", closed=closed))) as listener:
        page = await ask("GET", f"{listener.address}/exposures/{LEAK}")
        assert "by ann: <strong>false alarm</strong>" in page.text
        assert "/reopen" in page.text
        assert "/close" not in page.text


async def test_what_is_not_there_and_what_cannot_be_said_now():
    queries = FakeQueries(error=LookupError("no exposure begins with abc"))
    async with console(queries) as listener:
        assert (await ask("GET", f"{listener.address}/exposures/abc")).status == 404
        queries.error = StoreBusy("locked")
        assert (await ask("GET", f"{listener.address}/exposures")).status == 503


async def test_the_rest():
    async with console(FakeQueries()) as listener:
        assert (await ask("GET", listener.address)).headers["Location"] == "/exposures"
        style = await ask("GET", f"{listener.address}/static/style.css")
        assert style.headers["Content-Type"] == "text/css; charset=utf-8"


async def test_it_fits_the_real_queries(tmp_path):
    store = await open_store(tmp_path)
    try:
        ours, theirs = row("a"), row("b", level="none", reasons=(), score=0, preview="what-is-masked")
        await put(store, ours, theirs)
        async with store.write() as connection:
            await stored.add_sightings(connection, [place(1, at=NOON)], {fingerprint("a"): 1})
        queries = Exposures(store, Metrics(), clock=lambda: NOON + 5)
        async with console(queries) as listener:
            listed = await ask("GET", f"{listener.address}/exposures")
            assert fingerprint("a") in listed.text
            assert fingerprint("b") not in listed.text
            everything = await ask("GET", f"{listener.address}/exposures?owned=none")
            assert fingerprint("b") in everything.text
            assert "what-is-masked" not in everything.text
            url = f"{listener.address}/exposures/{fingerprint('a')[:12]}"
            page = await ask("GET", url)
            assert "acme/1" in page.text
            assert '<p class="big">unknown</p><p class="faint">nobody has looked' in page.text
            only = {"csrf": page_token(page)}
            for verb in ("acknowledge", "revoke"):
                assert (await ask("POST", f"{url}/{verb}", data=only)).status == 303
                assert (await ask("POST", f"{url}/{verb}", data=only)).status == 409
            page = await ask("GET", url)
            assert '<p class="big">1 min 5 s</p><p class="faint">ended: revoked</p>' in page.text
            assert '<span class="tag">local,' in page.text
            assert "/acknowledge" not in page.text
            assert "It is revoked at its provider" not in page.text
            form = {"csrf": page_token(page), "reason": "revoked"}
            assert (await ask("POST", f"{url}/close", data=form)).status == 303
            assert "Reopen" in (await ask("GET", url)).text
            assert (await ask("POST", f"{url}/close", data=form)).status == 409
            bad = await ask("POST", f"{url}/close", data={**form, "reason": "bored"})
            assert bad.status == 409
            assert (await ask("POST", f"{url}/reopen", data=form)).status == 303
            assert (await ask("GET", f"{listener.address}/exposures/zz")).status == 404
    finally:
        await store.close()
