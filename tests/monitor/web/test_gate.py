import secrets

import pytest

from browsing import ask
from monitor.web.sessions import SESSION_SECONDS
from web_samples import LEAK, People, site

PAGE = f"/exposures/{LEAK}"
PROXY = {
    "proxy": {
        "trusted": ["127.0.0.1"],
        "groups": {"security": "responder", "platform": "admin"},
    }
}
STRANGER = {"proxy": {"trusted": ["192.0.2.0/24"], "everybody": "admin"}}
ANN = {"X_Forwarded_User": "ann", "X_Forwarded_Groups": "security"}


async def test_without_any_token_this_host_is_an_admin():
    async with site() as run:
        assert (await ask("GET", run.url + "/admin")).status == 200
        assert run.done == [("admin", "local")]
        assert run.listener.gate.is_open


async def test_a_proxy_in_front_of_an_open_console_lets_nobody_in():
    async with site(allowed_hosts=("leaks.acme.test",)) as run:
        for header in (
            {"X_Forwarded_For": "203.0.113.5"},
            {"Forwarded": "for=203.0.113.5"},
            {"Via": "1.1 x"},
        ):
            refused = await ask("GET", run.url + PAGE, Host="leaks.acme.test", **header)
            assert (refused.status, refused.json["status"]) == (403, 403)
        assert run.done == []
        assert run.count("access_denied", reason="forwarded") == 3


async def test_a_wrong_bearer_is_not_overlooked_for_a_right_cookie(tmp_path):
    people = People(tmp_path)
    async with site(people.settings) as run:
        session = await run.session(people.token["admin"])
        assert (await ask("GET", run.url + PAGE, Cookie=session)).status == 200
        wrong = await ask("GET", run.url + PAGE, Cookie=session, Authorization="Bearer x")
        assert (wrong.status, wrong.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert run.count("access_denied", reason="wrong_credentials") == 1


async def test_a_trusted_proxy_says_who_it_is(tmp_path):
    people = People(tmp_path)
    async with site({**PROXY, **people.settings}) as run:
        assert (await ask("GET", run.url + PAGE, **ANN)).status == 200
        assert run.done == [("view", "ann")]
        assert (await ask("GET", run.url + "/admin", **ANN)).status == 403
        admin = {**ANN, "X_Forwarded_Groups": "platform"}
        assert (await ask("GET", run.url + "/admin", **admin)).status == 200
        assert (await ask("GET", run.url + PAGE, **{**ANN, "X_Forwarded_Groups": "sales"})).status == 403
        assert (await ask("GET", run.url + PAGE)).status == 401  # the proxy named nobody
        assert (await ask("GET", run.url + PAGE, **people.bearer("viewer"))).status == 200
        long = await ask("GET", run.url + PAGE, **{**ANN, "X_Forwarded_User": "a" * 200})
        assert long.status == 400
        assert run.count("access_denied", reason="no_role") == 1
        assert run.count("access_denied", reason="bad_headers") == 1


async def test_with_a_proxy_alone_nobody_is_local():
    async with site(PROXY) as run:
        refused = await ask("GET", run.url + PAGE, Accept="text/html")
        assert refused.status == 401  # there is nothing to sign in with: no login page


@pytest.mark.parametrize("name", ["X_Forwarded_User", "x_forwarded_user", "X_FORWARDED_USER"])
async def test_headers_of_a_stranger_are_not_believed_and_are_counted(tmp_path, name):
    people = People(tmp_path)
    async with site({**STRANGER, **people.settings}) as run:
        spoofed = {name: "root", "X_Forwarded_Groups": "platform", "X_Forwarded_For": "192.0.2.1"}
        assert (await ask("GET", run.url + "/admin", **spoofed)).status == 401
        assert run.count("access_denied", reason="strange_headers") == 1
        mixed = await ask("GET", run.url + "/admin", **spoofed, **people.bearer("viewer"))
        assert mixed.status == 403  # still who the token says
        assert run.done == []


async def test_a_proxys_user_has_pages_of_his_own():
    async with site(PROXY) as run:
        anns = await run.csrf(**ANN)
        bob = {**ANN, "X_Forwarded_User": "bob"}
        close = f"{run.url}{PAGE}/close"
        assert (await ask("POST", close, data={"csrf": anns}, **bob)).status == 403
        assert (await ask("POST", close, **ANN)).status == 403
        assert (await ask("POST", close, data={"csrf": anns}, **ANN)).status == 200
        assert run.done[-1] == ("close", "ann")


@pytest.mark.parametrize("secure", [False, True])
async def test_the_cookie_stays_with_the_browser_and_with_us(tmp_path, secure):
    people = People(tmp_path)
    async with site(people.settings, secure=secure) as run:
        page = await ask("GET", f"{run.url}/in?{people.token['viewer']}")
        cookie = page.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert ("Secure" in cookie) is secure
        assert cookie.startswith("__Host-leakstream=") is secure
        assert ("Strict-Transport-Security" in page.headers) is secure
        assert people.token["viewer"] not in cookie


async def test_signing_in_gives_a_new_session_and_ends_the_old_one(tmp_path):
    people = People(tmp_path)
    async with site(people.settings) as run:
        planted = "leakstream_session=" + secrets.token_urlsafe(32)  # fixation: a cookie we never gave
        first = await run.session(people.token["viewer"], Cookie=planted)
        assert first != planted
        assert (await ask("GET", run.url + PAGE, Cookie=planted)).status == 401
        second = await run.session(people.token["admin"], Cookie=first)
        assert (await ask("GET", run.url + PAGE, Cookie=first)).status == 401
        assert (await ask("GET", run.url + "/admin", Cookie=second)).status == 200
        run.clock.now += SESSION_SECONDS
        assert (await ask("GET", run.url + PAGE, Cookie=second)).status == 401


async def test_a_cookie_is_of_no_use_after_signing_out(tmp_path):
    people = People(tmp_path)
    async with site(people.settings) as run:
        session = await run.session(people.token["viewer"])
        csrf = await run.csrf(Cookie=session)
        out = await ask("POST", run.url + "/logout", data={"csrf": csrf}, Cookie=session)
        assert 'leakstream_session=""' in out.headers["Set-Cookie"]
        assert (await ask("GET", run.url + PAGE, Cookie=session)).status == 401
        assert (await ask("POST", run.url + "/logout", data={"csrf": csrf}, Cookie=session)).status == 401


async def test_guessing_is_slowed_down_for_the_right_token_too_and_sessions_go_on(tmp_path):
    people = People(tmp_path)
    async with site(people.settings) as run:
        session = await run.session(people.token["viewer"])
        for n in range(6):
            assert (await ask("GET", run.url + PAGE, Authorization=f"Bearer guess-{n}")).status == 401
        for attempt in (people.bearer("admin"), {"Authorization": "Bearer guess-7"}):
            waits = await ask("GET", run.url + PAGE, **attempt)
            assert (waits.status, waits.headers["Retry-After"]) == (429, "2")
        assert (await ask("GET", f"{run.url}/in?{people.token['admin']}")).status == 429
        assert (await ask("GET", run.url + PAGE, Cookie=session)).status == 200
        run.clock.now += 2
        assert (await ask("GET", run.url + PAGE, **people.bearer("admin"))).status == 200
        assert run.count("access_denied", reason="guessing") == 3


async def test_behind_a_proxy_one_guesser_does_not_lock_the_others_out(tmp_path):
    people = People(tmp_path)
    async with site({**PROXY, **people.settings}) as run:
        for n in range(8):
            headers = {"Authorization": f"Bearer guess-{n}", "X_Forwarded_For": f"9.9.9.{n}, 203.0.113.5"}
            last = await ask("GET", run.url + PAGE, **headers)
        assert last.status == 429  # the first address is his own invention
        other = await ask("GET", run.url + PAGE, **people.bearer("viewer"), X_Forwarded_For="203.0.113.6")
        assert other.status == 200


async def test_what_ingest_refuses_is_counted_here_too():
    async with site() as run:
        assert (await ask("POST", run.url + "/drop", Authorization="none")).status == 401
        assert (await ask("POST", run.url + "/drop")).status == 200
        assert run.count("access_denied", reason="ingest") == 1
