from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from collecting import START, Bench, reply, serving
from monitor.collectors.base import SourceContext
from monitor.collectors.context import Context
from monitor.collectors.github.app import InstallationToken
from monitor.collectors.shapes import iso
from monitor.collectors.upstream import Refused, Unavailable, Upstream

KEY = rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


class App:
    """Mints a token an hour, and keeps what it was shown."""

    def __init__(self, bench: Bench, body: object = None, status: int = 201) -> None:
        self.bench = bench
        self.claims: list[str] = []
        self.body = body
        self.status = status

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert (request.method, request.path) == ("POST", "/app/installations/77/access_tokens")
        self.claims.append(request.headers["Authorization"].removeprefix("Bearer "))
        made = {"token": f"minted-{len(self.claims)}", "expires_at": iso(self.bench.time() + 3600)}
        return reply(made if self.body is None else self.body, status=self.status)


def context(bench: Bench) -> SourceContext:
    return Context(
        "src",
        stop=asyncio.Event(),
        state=bench.state,
        producer=bench.producer,
        metrics=bench.metrics,
        clock=bench.time,
        sleep=bench.time.sleep,
    )


def token(bench: Bench, url: str, folder: Path) -> InstallationToken:
    (folder / "key.pem").write_bytes(pem(KEY))
    upstream = Upstream(bench.http, bench.metrics, bench.http.budget(url, "app"))
    return InstallationToken(upstream, url, "Iv1.abc", "77", folder / "key.pem")


def decoded(part: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return found


async def test_a_signed_claim_is_exchanged_once_an_hour(tmp_path: Path) -> None:
    async with Bench() as bench:
        app = App(bench)
        async with serving(app.answer) as url:
            made, asking = token(bench, url, tmp_path), context(bench)
            assert await made.header(asking) == "Bearer minted-1"
            bench.time.now += 3000
            assert await made.header(asking) == "Bearer minted-1"
            bench.time.now += 400  # within the margin before its end
            assert await made.header(asking) == "Bearer minted-2"
        head, body, signature = app.claims[0].split(".")
        KEY.public_key().verify(
            base64.urlsafe_b64decode(signature + "=="),
            f"{head}.{body}".encode(),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
        assert decoded(head) == {"alg": "RS256", "typ": "JWT"}
        claim = decoded(body)
        assert claim == {"iat": int(START) - 60, "exp": int(START) + 540, "iss": "Iv1.abc"}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"token": ""}, 201, Unavailable),
        ([], 201, Unavailable),
        ({"message": "Bad credentials"}, 401, Refused),
    ],
)
async def test_an_answer_without_a_token_is_no_token(
    tmp_path: Path, body: object, status: int, error: type[Exception]
) -> None:
    async with Bench() as bench:
        app = App(bench, body, status)
        async with serving(app.answer) as url:
            with pytest.raises(error):
                await token(bench, url, tmp_path).header(context(bench))


@pytest.mark.parametrize("content", [b"no key", pem(ec.generate_private_key(ec.SECP256R1()))])
async def test_a_file_that_holds_no_rsa_key_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    async with Bench() as bench:
        upstream = Upstream(bench.http, bench.metrics, bench.http.budget("https://a.example", "app"))
        with pytest.raises(ValueError, match=r"key\.pem"):
            InstallationToken(upstream, "https://a.example", "1", "2", tmp_path / "key.pem")
