from __future__ import annotations

import asyncio
import gzip
import ssl
import traceback
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collecting import raw_serving, reply, serving
from monitor.addresses import AddressGuard
from monitor.http import Failure, HttpClient, HttpError, Validators

AGENT = "leakstream tests (nobody@example.com)"
PRIVATE_PATH = "s3cret-hook-path"


def client(**options: object) -> HttpClient:
    settings: dict[str, object] = {"allow_private": ("127.0.0.1",), "timeout": 5.0, "idle": 2.0, **options}
    return HttpClient(user_agent=AGENT, **settings)  # type: ignore[arg-type]


async def reason(http: HttpClient, url: str, method: str = "GET", **options: object) -> Failure:
    with pytest.raises(HttpError) as caught:
        await http.request(method, url, **options)  # type: ignore[arg-type]
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert PRIVATE_PATH not in shown
    return caught.value.reason


class Names(AbstractResolver):
    """A name server of our own."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=a, port=port, family=2, proto=6, flags=0) for a in self.answers
        ]

    async def close(self) -> None: ...


async def test_request_sends_body_agent_and_headers() -> None:
    async def handler(request: web.Request) -> web.Response:
        body = await request.text()
        return reply(
            {"body": body, "agent": request.headers["User-Agent"], "x": request.headers["X-Own"]}, 201
        )

    async with serving(handler) as base, client() as http:
        answer = await http.request("POST", f"{base}/a", body=b"hello", headers={"X-Own": "1"})
    assert answer.status == 201
    assert answer.json() == {"body": "hello", "agent": AGENT, "x": "1"}
    assert answer.headers["content-type"].startswith("application/json")


async def test_a_repr_shows_neither_body_nor_url() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="the-content", headers={"X-Key": "the-header"})

    async with serving(handler) as base, client() as http:
        answer = await http.request("GET", f"{base}/{PRIVATE_PATH}")
    assert repr(answer) == "Response(status=200)"


async def test_conditional_requests_send_the_etag_verbatim() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == 'W/"abc"':
            return web.Response(status=304)
        return web.Response(
            text="x", headers={"ETag": 'W/"abc"', "Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"}
        )

    async with serving(handler) as base, client() as http:
        first = await http.request("GET", base)
        second = await http.request("GET", base, validators=first.validators)
    assert first.validators == Validators('W/"abc"', "Sat, 21 Nov 2026 10:00:00 GMT")
    assert (second.status, second.body) == (304, b"")
    assert Validators("", "Sat, 21 Nov 2026 10:00:00 GMT").headers() == {
        "If-Modified-Since": "Sat, 21 Nov 2026 10:00:00 GMT"
    }


# -- size and encoding


async def test_a_gzip_answer_is_decompressed() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "gzip"
        body = gzip.compress(b"one ") + gzip.compress(b"two")
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async with serving(handler) as base, client() as http:
        assert (await http.request("GET", base)).body == b"one two"


async def test_a_gzip_bomb_is_stopped_at_the_limit() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024), 9)

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with serving(handler) as base, client() as http:
        assert await reason(http, f"{base}/{PRIVATE_PATH}", max_bytes=1024 * 1024) is Failure.TOO_LARGE
        read = 0
        async with http.stream("GET", base, max_bytes=1024 * 1024) as stream:
            try:
                async for chunk in stream.chunks:
                    read += len(chunk)
            except HttpError as error:
                assert error.reason is Failure.TOO_LARGE  # noqa: PT017 - what was read before it counts
    assert 0 < read <= 1024 * 1024  # never handed out more than allowed


async def test_compressed_emptiness_without_end_is_stopped() -> None:
    squeeze = zlib.compressobj(wbits=31)
    head = squeeze.compress(b"") + squeeze.flush(zlib.Z_FULL_FLUSH)
    empty = b"".join(squeeze.flush(zlib.Z_FULL_FLUSH) + b"\x00\x00\x00\xff\xff" for _ in range(20_000))

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)  # no Content-Length that would betray it
        await response.write(head + empty)
        return response

    async with serving(handler) as base, client() as http:
        assert await reason(http, base, max_bytes=50_000) is Failure.TOO_LARGE


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused(declared: bool) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if declared:
            return web.Response(body=bytes(2001))
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(bytes(1000))
        await response.write(bytes(1001))
        return response

    async with serving(handler) as base, client() as http:
        assert await reason(http, base, max_bytes=2000) is Failure.TOO_LARGE
        assert len((await http.request("GET", base, max_bytes=2001)).body) == 2001


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("br", b"whatever", Failure.BAD_ENCODING),
        ("gzip, gzip", b"whatever", Failure.BAD_ENCODING),
        ("gzip", b"no gzip at all", Failure.BAD_ENCODING),
        ("gzip", gzip.compress(b"cut off in the middle" * 50, mtime=0)[:-9], Failure.TRUNCATED),
        ("gzip", gzip.compress(b"", mtime=0) * 65, Failure.BAD_ENCODING),
    ],
)
async def test_wrong_encodings_have_their_reason(encoding: str, body: bytes, expected: Failure) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    async with raw_serving(head.encode() + body) as base, client() as http:
        assert await reason(http, base) is expected


# -- connections


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", Failure.CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Failure.CLOSED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Failure.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Failure.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", Failure.BAD_ANSWER),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Failure.BAD_ANSWER),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", Failure.BAD_ANSWER),
    ],
)
async def test_broken_answers_have_their_reason(answer: bytes, expected: Failure) -> None:
    async with raw_serving(answer) as base, client() as http:
        assert await reason(http, f"{base}/{PRIVATE_PATH}") is expected


async def test_an_answer_that_never_comes_times_out() -> None:
    async with raw_serving(b"", then=30.0) as base, client(idle=0.05) as http:
        assert await reason(http, base) is Failure.TIMEOUT


async def test_a_body_that_stops_times_out() -> None:
    async with (
        raw_serving(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel", then=30.0) as base,
        client(idle=0.05) as http,
    ):
        assert await reason(http, base) is Failure.TIMEOUT


async def test_a_slow_drip_meets_the_whole_time_limit() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b".")
            await asyncio.sleep(0.01)
        return response

    async with serving(handler) as base, client() as http:
        assert await reason(http, base, timeout=0.2) is Failure.TIMEOUT


async def test_nobody_listens_and_no_such_name() -> None:
    async with raw_serving(b"") as base:
        closed = base
    async with client() as http:
        assert await reason(http, f"{closed}/{PRIVATE_PATH}") is Failure.UNREACHABLE
        assert await reason(http, f"http://no-such-host.invalid/{PRIVATE_PATH}") is Failure.UNREACHABLE


async def test_a_closed_client_says_so() -> None:
    http = client()
    await http.close()
    await http.close()
    assert await reason(http, "http://127.0.0.1:1/") is Failure.CLOSED


async def test_an_untrusted_certificate_is_a_tls_failure(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server = await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", 0, ssl=tls)
    async with client() as http:
        port = server.sockets[0].getsockname()[1]
        assert await reason(http, f"https://127.0.0.1:{port}/{PRIVATE_PATH}") is Failure.TLS
    server.close()
    await server.wait_closed()


# -- redirects


async def test_redirects_are_followed_for_get_and_keep_credentials_on_the_same_host() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/old":
            return web.Response(status=301, headers={"Location": "/new"})
        return web.Response(text=request.headers.get("Authorization", "none"))

    async with serving(handler) as base, client() as http:
        answer = await http.request("GET", f"{base}/old", headers={"Authorization": "Bearer x"})
        assert answer.body == b"Bearer x"
        assert answer.url == f"{base}/new"
        assert (await http.request("POST", f"{base}/old", body=b"b")).status == 301


async def test_another_host_gets_no_credentials() -> None:
    got: list[dict[str, str]] = []

    async def other(request: web.Request) -> web.Response:
        got.append(dict(request.headers))
        return web.Response(text="ok")

    async with serving(other) as second:

        async def handler(_: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": f"{second}/x"})

        async with serving(handler) as first, client() as http:
            headers = {"Authorization": "Bearer x", "X-Api-Key": "y", "Cookie": "z", "Accept": "text/plain"}
            await http.request("GET", first, headers=headers)
    assert got[0]["Accept"] == "text/plain"
    assert got[0]["User-Agent"] == AGENT
    assert not {"Authorization", "X-Api-Key", "Cookie"} & set(got[0])


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/circle", Failure.REDIRECT_LOOP),
        ("/further{n}", Failure.REDIRECT_LOOP),
        ("file:///etc/passwd", Failure.REDIRECT_REFUSED),
        ("http://user:pw@127.0.0.1/", Failure.REDIRECT_REFUSED),
        ("http://[::1", Failure.REDIRECT_REFUSED),
        ("http://10.0.0.1/", Failure.REFUSED_ADDRESS),
        ("http://169.254.169.254/latest/meta-data/", Failure.REFUSED_ADDRESS),
    ],
)
async def test_bad_redirects_have_their_reason(location: str, expected: Failure) -> None:
    hops = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal hops
        hops += 1
        return web.Response(status=302, headers={"Location": location.replace("{n}", str(hops))})

    async with serving(handler) as base, client() as http:
        assert await reason(http, f"{base}/circle") is expected
    assert hops <= 6


# -- addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.5.5",
        "100.100.100.200",
        "169.254.169.254",
        "168.63.129.16",
        "224.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
    ],
)
async def test_private_addresses_are_refused_in_every_spelling(host: str) -> None:
    async with HttpClient(user_agent=AGENT) as http:
        assert await reason(http, f"http://{host}:9/{PRIVATE_PATH}") in (
            Failure.REFUSED_ADDRESS,
            Failure.BAD_URL,
        )


async def test_a_name_that_leads_to_a_private_address_is_refused_unless_allowed() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="inside")

    async with serving(handler) as base:
        port = base.rpartition(":")[2]
        url = f"http://gitea.internal:{port}/{PRIVATE_PATH}"
        async with HttpClient(user_agent=AGENT, resolver=Names("127.0.0.1")) as http:
            assert await reason(http, url) is Failure.REFUSED_ADDRESS
        for entry in ("gitea.internal", f"Gitea.Internal:{port}"):
            async with HttpClient(
                user_agent=AGENT, allow_private=(entry,), resolver=Names("127.0.0.1")
            ) as http:
                assert (await http.request("GET", url)).body == b"inside"
        async with HttpClient(
            user_agent=AGENT, allow_private=("gitea.internal:1",), resolver=Names("127.0.0.1")
        ) as http:
            assert await reason(http, url) is Failure.REFUSED_ADDRESS


async def test_of_mixed_addresses_only_public_ones_are_tried() -> None:
    guard = AddressGuard()
    assert guard.keep("mixed.example", 80, ["10.0.0.1", "93.184.215.14", "::1"]) == ["93.184.215.14"]
    names = Names("127.0.0.1", "203.0.113.1")  # the second is documentation space: not public either
    async with HttpClient(user_agent=AGENT, resolver=names) as http:
        assert await reason(http, "http://rebind.example:9/") is Failure.REFUSED_ADDRESS
    assert names.asked == 1


async def test_the_guard_resolves_for_others() -> None:
    async with client() as http:
        assert await http.guard.resolve("127.0.0.1", 80) == ["127.0.0.1"]
        with pytest.raises(OSError, match="public"):
            await http.guard.resolve("localhost", 80)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "http://",
        "http://u:p@example.com/",
        "no url",
        "http://example.com:0/",
        "http://[::1/",
    ],
)
async def test_unusable_urls_are_refused(url: str) -> None:
    async with client() as http:
        assert await reason(http, url) is Failure.BAD_URL


@pytest.mark.parametrize("agent", ["", " ", "a\r\nX: y"])
def test_a_user_agent_is_one_line(agent: str) -> None:
    with pytest.raises(ValueError, match="user_agent"):
        HttpClient(user_agent=agent)


async def test_one_budget_for_a_server_and_a_credential() -> None:
    async with client() as http:
        first = http.budget("https://api.example.com/x", "a", interval=0.5)
        assert http.budget("https://api.example.com/y", "a", interval=0.1) is first
        assert first.interval == 0.5
        assert http.budget("https://api.example.com/x", "b") is not first
        assert http.budget("https://api.example.com:8443/x", "a") is not first
