"""Somebody who tries to get past: each header and each check, one way after the other."""

import asyncio

import pytest
from yarl import URL

from browsing import ask
from monitor.web import web as listening
from monitor.web.answers import HEADERS
from web_samples import LEAK, People, site

PAGE = f"/exposures/{LEAK}"
EVERY_HEADER = [*HEADERS, "Cache-Control", "X-Request-Id"]


async def raw(url, text):
    """What comes back for bytes that no client would send: (status, head and body)."""
    where = URL(url)
    reader, writer = await asyncio.open_connection(where.host, where.port)
    try:
        writer.write(text.encode("latin-1"))
        await writer.drain()
        async with asyncio.timeout(120):
            answer = (await reader.read(65536)).decode("latin-1")
    finally:
        writer.close()
    return int(answer.split(" ")[1]), answer


@pytest.mark.parametrize("name", EVERY_HEADER)
async def test_no_answer_goes_without(name, tmp_path):
    people = People(tmp_path)
    admin = people.bearer("admin")
    async with site(people.settings) as run:
        asked = [
            ("GET", PAGE, admin, 200),
            ("HEAD", PAGE, admin, 200),
            ("GET", "/stream", admin, 200),  # written piece by piece
            ("GET", "/plain", {}, 200),
            ("GET", "/boom", admin, 500),
            ("GET", "/none", {}, 404),
            ("DELETE", PAGE, {}, 405),
            ("GET", PAGE, {}, 401),
            ("GET", PAGE, {"Accept": "text/html"}, 303),
            ("POST", "/keys", people.bearer("viewer"), 403),
            ("GET", PAGE, {"Host": "evil.test"}, 421),
        ]
        for method, path, headers, status in asked:
            page = await ask(method, run.url + path, **headers)
            assert page.status == status
            values = page.headers.getall(name)
            assert len(values) == 1
            if name in HEADERS:
                assert values[0] == HEADERS[name]
            elif name == "Cache-Control":
                assert values[0] == ("max-age=60" if path == "/plain" else "no-store")


async def test_each_role_may_what_it_may_and_no_more(tmp_path):
    people = People(tmp_path)
    async with site(people.settings) as run:
        for method, path, least in (
            ("GET", PAGE, 1),
            ("GET", "/keys", 1),
            ("POST", f"{PAGE}/close", 2),
            ("POST", "/keys", 3),  # a change without a role is an admin's
            ("GET", "/admin", 3),
        ):
            assert (await ask(method, run.url + path)).status == 401
            statuses = [
                (await ask(method, run.url + path, **people.bearer(name))).status
                for name in ("viewer", "responder", "admin")
            ]
            assert statuses == [403] * (least - 1) + [200] * (4 - least)
            sessions = [await run.session(people.token[n]) for n in ("viewer", "responder", "admin")]
            for rank, session in enumerate(sessions, 1):
                form = {"csrf": await run.csrf(Cookie=session)} if method == "POST" else None
                page = await ask(method, run.url + path, Cookie=session, data=form)
                assert page.status == (200 if rank >= least else 403)


@pytest.mark.parametrize("who", [None, "viewer"])
@pytest.mark.parametrize(
    "headers",
    [
        {"X_HTTP_Method_Override": "GET"},
        {"X_HTTP_Method": "GET"},
        {"X_Method_Override": "GET"},
        {"X_Original_URL": "/plain"},
        {"X_Rewrite_URL": "/plain"},
        {"X_Forwarded_Host": "127.0.0.1"},
        {"X_Forwarded_User": "admin", "X_Forwarded_Groups": "admin"},
        {"Remote_User": "admin"},
        {"X_Real_IP": "127.0.0.1"},
        {"Cookie": "leakstream_session=; role=admin"},
    ],
)
async def test_no_header_makes_more_of_somebody(tmp_path, who, headers):
    people = People(tmp_path)
    async with site(people.settings) as run:
        bearer = people.bearer(who) if who else {}
        for method, path in (("POST", f"{PAGE}/close"), ("GET", "/admin")):
            page = await ask(method, run.url + path, **bearer, **headers)
            assert page.status == (403 if who else 401)
        over = {**bearer, **headers, "X_HTTP_Method_Override": "POST"}
        await ask("GET", f"{run.url}{PAGE}", **over)
        assert "close" not in dict(run.done)


@pytest.mark.parametrize(
    "path",
    [
        "/admin",
        "//admin",
        "/./admin",
        "/x/../admin",
        "/%61dmin",
        "/%2e/admin",
        "/plain/%2e%2e/admin",
        "/plain/..%2fadmin",
        "/plain/..;/admin",
        "/plain%2f..%2fadmin",
        "/admin/",
        "/admin%00",
        "/admin%20",
        "/admin?x=/plain",
        "/admin#/plain",
        "/ADMIN",
        "/Admin",
        "/admin;/plain",
        "/admin.css",
        "http://127.0.0.1/admin",
        "/plain/../admin",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_no_spelling_of_a_path_gets_in(tmp_path, path, method):
    people = People(tmp_path)
    async with site(people.settings) as run:
        for token in ("", f"Authorization: Bearer {people.token['viewer']}\r\n"):
            request = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}Connection: close\r\n\r\n"
            status, _ = await raw(run.url, request)
            assert status in (400, 401, 403, 404)
        assert run.done == []


async def test_head_needs_what_get_needs(tmp_path):
    people = People(tmp_path)
    async with site(people.settings) as run:
        assert (await ask("HEAD", run.url + PAGE)).status == 401
        assert (await ask("HEAD", run.url + "/admin", **people.bearer("responder"))).status == 403
        assert (await ask("HEAD", run.url + PAGE, **people.bearer("viewer"))).status == 200
        assert (await ask("HEAD", run.url + "/keys", **people.bearer("admin"))).status == 405
        assert run.done == [("view", "a-viewer")]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "Post", "FOO"])
async def test_no_other_method_does_anything(tmp_path, method):
    people = People(tmp_path)
    async with site(people.settings) as run:
        status, _ = await raw(
            run.url,
            f"{method} {PAGE}/close HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {people.token['admin']}\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n",
        )
        assert status in (400, 405)
        assert run.done == []
        assert {"other"} >= {
            s.labels["method"]
            for m in run.metrics.web_requests.collect()
            for s in m.samples
            if s.labels["method"] not in listening._METHODS
        }


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_a_page_of_others_changes_nothing_even_with_our_token(tmp_path, headers):
    people = People(tmp_path)
    async with site(people.settings) as run:
        session = await run.session(people.token["admin"])
        csrf = await run.csrf(Cookie=session)
        url = f"{run.url}{PAGE}/close"
        refused = await ask("POST", url, Cookie=session, data={"csrf": csrf}, **headers)
        assert refused.status == 403
        assert run.count("access_denied", reason="not_our_page") == 1
        assert "close" not in dict(run.done)
        own = {"Origin": run.url, "Sec_Fetch_Site": "same-origin"}
        assert (await ask("POST", url, Cookie=session, data={"csrf": csrf}, **own)).status == 200


async def test_a_change_needs_the_token_of_this_very_session(tmp_path):
    people = People(tmp_path)
    async with site(people.settings) as run:
        session, other = [await run.session(people.token["admin"]) for _ in range(2)]
        url = f"{run.url}{PAGE}/close"
        theirs = await run.csrf(Cookie=other)
        for form in (None, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": theirs}, {"CSRF": theirs}):
            assert (await ask("POST", url, Cookie=session, data=form)).status == 403
        assert (
            await ask("POST", f"{url}?csrf={await run.csrf(Cookie=session)}", Cookie=session)
        ).status == 403
        script = {"X_CSRF_Token": await run.csrf(Cookie=session)}
        assert (await ask("POST", url, Cookie=session, **script)).status == 200


@pytest.mark.parametrize(
    "lines",
    [
        "Host: evil.test",
        "Host: 127.0.0.1.evil.test",
        "Host: evil.test:8686",
        "Host: 127.0.0.1@evil.test",
        "Host: localhost\r\nHost: evil.test",
        "Host: evil.test\r\nX-Forwarded-Host: localhost",
        "Host:",
        "X-Host: localhost",
    ],
)
async def test_a_name_that_is_not_ours(lines):
    async with site() as run:
        status, _ = await raw(run.url, f"GET {PAGE} HTTP/1.1\r\n{lines}\r\nConnection: close\r\n\r\n")
        assert status in (400, 421)
        status, _ = await raw(
            run.url, f"GET http://evil.test{PAGE} HTTP/1.1\r\n{lines}\r\nConnection: close\r\n\r\n"
        )
        assert status in (400, 421)
        assert run.done == []


async def test_a_body_is_bounded_in_size_time_and_kind(tmp_path, monkeypatch):
    monkeypatch.setattr(listening, "_BODY_SECONDS", 0.2)
    people = People(tmp_path)
    async with site(people.settings) as run:
        url, admin = run.url + "/keys", people.bearer("admin")
        assert (await ask("POST", url, data={"x": "y" * 70_000}, **admin)).status == 413
        kind = {"Content_Type": "multipart/form-data; boundary=x"}
        assert (await ask("POST", url, data=b"--x--", **kind, **admin)).status == 415
        bearer = f"Authorization: Bearer {people.token['admin']}\r\n"
        head = f"POST /keys HTTP/1.1\r\nHost: 127.0.0.1\r\n{bearer}Content-Type: application/json\r\n"
        status, _ = await raw(run.url, f"{head}Content-Length: 100\r\n\r\n{{")  # and never the rest
        assert status == 408
        chunked = f"{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n11170\r\n{'x' * 70_000}\r\n0\r\n\r\n"
        assert (await raw(run.url, chunked))[0] == 413
        smuggled = f"{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n\r\n"
        assert (await raw(run.url, smuggled))[0] == 400
        assert run.done == []


async def test_nobody_is_served_without_end(tmp_path):
    people = People(tmp_path)
    async with site({**people.settings, "requests_per_minute": 40}) as run:
        viewer = people.bearer("viewer")
        statuses = [(await ask("GET", run.url + PAGE, **viewer)).status for _ in range(11)]
        assert statuses == [200] * 10 + [429]
        waits = await ask("GET", run.url + PAGE, **viewer)
        assert 1 <= int(waits.headers["Retry-After"]) <= 2
        assert (await ask("GET", run.url + PAGE, **people.bearer("admin"))).status == 200
        strangers = [(await ask("GET", f"{run.url}/none{n}")).status for n in range(11)]
        assert strangers == [404] * 10 + [429]
        assert run.count("access_denied", reason="rate") == 3
        forgotten = {"Authorization": "Bearer the-token-of-last-year"}
        assert (await ask("GET", run.url + PAGE, **forgotten)).status == 429
        run.clock.now += 2
        assert (await ask("GET", run.url + PAGE, **viewer)).status == 200


async def test_what_one_connection_was_does_not_stay_with_it(tmp_path):
    people = People(tmp_path)
    async with site(people.settings) as run:
        first = (
            f"GET {PAGE} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {people.token['admin']}\r\n\r\n"
        )
        then = f"GET {PAGE} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        where = URL(run.url)
        reader, writer = await asyncio.open_connection(where.host, where.port)
        writer.write((first + then).encode())
        async with asyncio.timeout(120):
            both = (await reader.read()).decode()
        writer.close()
        assert [both.split("HTTP/1.1 ")[n][:3] for n in (1, 2)] == ["200", "401"]
