from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import web

from browsing import ask
from monitor.config import ConfigError
from monitor.metrics import Metrics
from monitor.web import Access, Web, refusal
from monitor.websettings import WebSettings

TOKEN = "correct horse battery"


@asynccontextmanager
async def listening(tmp_path=None, **settings):
    if tmp_path is not None:
        path = tmp_path / "token"
        path.write_text(f"{TOKEN}\n")
        path.chmod(0o600)
        settings["token_file"] = path
    listener = Web(WebSettings.model_validate({"port": 0, **settings}), Metrics())

    async def page(request):
        return web.Response(text=f"csrf={listener.page_token(request)}")

    async def change(request):
        return web.Response(text="changed")

    async def boom(request):
        raise RuntimeError("the secret is hunter2")

    async def sign_in(request):
        answer = web.Response(text="in")
        listener.gate.sign_in(request, TOKEN, answer)
        return answer

    async def drop(request):
        return refusal(429, "slow down", Retry_After="7")

    listener.add_routes(
        [web.get("/things/{id}", page), web.post("/things/{id}", change), web.get("/boom", boom)]
    )
    listener.add_routes([web.post("/drop/{name}", drop)], Access.OWN)
    listener.add_routes([web.get("/in", sign_in), web.post("/login", change)], Access.OPEN)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.close()
        await listener.close()


async def test_every_answer_has_the_safe_headers():
    async with listening() as listener:
        for path in ("/things/1", "/none", "/boom"):
            page = await ask("GET", listener.address + path)
            assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert "unsafe" not in page.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Referrer-Policy"] == "same-origin"
            assert page.headers["Cache-Control"] == "no-store"
            assert page.headers["Server"] == "leakstream"
            assert len(page.headers["X-Request-Id"]) == 16


async def test_a_foreign_host_name_is_misdirected():
    async with listening(allowed_hosts=("leaks.acme.test",)) as listener:
        assert (await ask("GET", f"{listener.address}/things/1", Host="evil.test")).status == 421
        assert (await ask("POST", f"{listener.address}/drop/a", Host="evil.test")).status == 421
        assert (await ask("GET", f"{listener.address}/things/1", Host="leaks.acme.test")).status == 200


async def test_an_error_says_nothing_of_the_inside():
    with structlog.testing.capture_logs() as logs:
        async with listening() as listener:
            page = await ask("GET", f"{listener.address}/boom?token=hunter3")
    assert page.status == 500
    assert page.headers["Content-Type"] == "application/problem+json"
    assert page.json == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "internal error",
        "request_id": page.headers["X-Request-Id"],
    }
    failure, access = logs
    assert failure["request_id"] == access["request_id"] == page.headers["X-Request-Id"]
    assert (access["route"], access["status"]) == ("/boom", 500)


async def test_the_access_log_has_no_path_and_no_query():
    with structlog.testing.capture_logs() as logs:
        async with listening() as listener:
            await ask("GET", f"{listener.address}/things/hunter2?q=hunter3")
            await ask("GET", f"{listener.address}/hunter4")
    assert [entry["route"] for entry in logs] == ["/things/{id}", "none"]
    assert "hunter" not in repr(logs)


async def test_with_a_token_nobody_is_in_without(tmp_path):
    async with listening(tmp_path) as listener:
        url = f"{listener.address}/things/1"
        refused = await ask("GET", url)
        assert (refused.status, refused.json["detail"]) == (401, "a token is needed")
        assert (await ask("GET", url, Authorization="Bearer wrong")).status == 401
        assert (await ask("GET", url, Authorization=f"Basic {TOKEN}")).status == 401
        assert (await ask("GET", url, Authorization=f"Bearer {TOKEN}")).status == 200
        browser = await ask("GET", url, Accept="text/html,*/*")
        assert (browser.status, browser.headers["Location"]) == (303, "/login?next=/things/1")
        assert (await ask("POST", url, Accept="text/html")).status == 401
        assert (await ask("GET", f"{listener.address}/none")).status == 404


async def test_a_session_is_as_good_as_the_token_but_must_post_from_our_page(tmp_path):
    async with listening(tmp_path) as listener:
        cookie = (await ask("GET", f"{listener.address}/in")).headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        session = cookie.partition(";")[0]
        url = f"{listener.address}/things/1"
        page = await ask("GET", url, Cookie=session)
        token = page.text.removeprefix("csrf=")
        assert (await ask("POST", url, Cookie=session)).status == 403
        assert (await ask("POST", url, Cookie=session, data={"csrf": "0" * 64})).status == 403
        assert (await ask("POST", url, Cookie=session, data={"csrf": token})).text == "changed"
        assert (await ask("POST", url, Cookie=session, X_CSRF_Token=token)).text == "changed"
        cross = await ask("POST", url, Cookie=session, data={"csrf": token}, Origin="https://evil.test")
        assert cross.status == 403
        assert (await ask("POST", url, Authorization=f"Bearer {TOKEN}")).text == "changed"
        assert (await ask("GET", url, Cookie=f"leakstream_session={'0' * 43}")).status == 401


async def test_without_a_token_a_change_still_comes_from_our_page():
    async with listening() as listener:
        url = f"{listener.address}/things/1"
        assert (await ask("POST", url)).status == 403
        token = (await ask("GET", url)).text.removeprefix("csrf=")
        assert (await ask("POST", url, data={"csrf": token})).status == 200
        assert (await ask("POST", f"{listener.address}/login")).status == 403


async def test_a_refusal_is_in_the_log_with_reason_and_address(tmp_path):
    with structlog.testing.capture_logs() as logs:
        async with listening(tmp_path) as listener:
            await ask("GET", f"{listener.address}/things/1", Authorization="Bearer guess-of-it")
            await ask("GET", f"{listener.address}/things/1", Host="evil.test")
    told = [(e["reason"], e["route"], e["from"]) for e in logs if e["event"] == "access refused"]
    assert told == [("wrong_credentials", "/things/{id}", "127.0.0.1"), ("host", "/things/{id}", "127.0.0.1")]
    assert "guess-of-it" not in repr(logs)


async def test_own_credentials_are_the_handlers_business(tmp_path):
    async with listening(tmp_path) as listener:
        page = await ask("POST", f"{listener.address}/drop/a", data=b"x" * 200_000)
        assert (page.status, page.headers["Retry-After"]) == (429, "7")


async def test_a_form_is_bounded():
    async with listening() as listener:
        page = await ask("POST", f"{listener.address}/things/1", data={"csrf": "x" * 100_000})
        assert page.status == 413
        assert page.json["status"] == 413


async def test_a_wrong_method_names_the_right_ones():
    async with listening() as listener:
        page = await ask("DELETE", f"{listener.address}/things/1")
        assert page.status == 405
        assert "GET" in page.headers["Allow"]


async def test_routes_are_fixed_once_it_runs():
    async with listening() as listener:
        with pytest.raises(RuntimeError):
            listener.add_routes([])


def test_it_refuses_the_world_without_a_token():
    with pytest.raises(ConfigError, match="token_file"):
        Web(WebSettings(host="0.0.0.0"), Metrics())


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [("short", 0o600, "16 or more"), (TOKEN, 0o644, "chmod 600"), (None, 0, "cannot be read")],
)
def test_a_bad_token_file_stops_it(tmp_path, text, mode, reason):
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    with pytest.raises(ConfigError, match=reason):
        Web(WebSettings(token_file=path), Metrics())


def test_with_a_token_it_may_listen_to_the_world(tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    assert Web(WebSettings(host="0.0.0.0", token_file=path), Metrics()).gate.has_tokens
