"""Vault's KV version 2 over HTTP, against a server that answers as Vault's API does; and what it answers when something is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from monitor.listener import Listener
from monitor.own.vault import Vault, VaultError

TOKEN = "hvs.made-up"
KV = {
    "prod/db": {"user": "bob"},
    "prod/deep/er/key": {"k": "v"},
    "other": {"a": "b"},
    "with blank/x?y": {"c": "d"},
}


@dataclass
class Server:
    """`answer` replaces the API's own answer where it gives one. `asked` has method and path of each request."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    answer: Callable[[web.Request], web.Response | None] = lambda _: None

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path_qs}")
        if (given := self.answer(request)) is not None:
            return given
        if request.headers.get("X-Vault-Token") != TOKEN:
            return web.json_response({"errors": ["permission denied"]}, status=403)
        _, _, mount, kind, path = request.path.split("/", 4)
        assert mount == "secret"
        if kind == "data":
            if path not in KV:
                return web.json_response({"errors": []}, status=404)
            return web.json_response(
                {"request_id": "r", "data": {"data": KV[path], "metadata": {"version": 1}}}
            )
        assert request.query["list"] == "true"
        names = {name.removeprefix(path).partition("/") for name in KV if name.startswith(path)}
        keys = sorted({head + mark for head, mark, _ in names})
        return web.json_response(
            {"request_id": "r", "data": {"keys": keys}} if keys else {}, status=200 if keys else 404
        )


@asynccontextmanager
async def vault() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.handle)
    listener = await Listener.open(app, "127.0.0.1", 0)
    server.url = listener.url
    try:
        yield server
    finally:
        await listener.close()


async def read(server: Server, place: str, **environment: str) -> dict[str, bytes]:
    async with Vault({"VAULT_ADDR": server.url, "VAULT_TOKEN": TOKEN, **environment}) as reader:
        return {path: body async for path, body in reader.secrets(place)}


async def refused(ask: Awaitable[object]) -> str:
    with pytest.raises(VaultError) as error:
        await ask
    assert TOKEN not in str(error.value)
    return str(error.value)


async def test_one_secret() -> None:
    async with vault() as server:
        (found,) = (await read(server, "secret/prod/db")).items()
        assert found[0] == "secret/prod/db"
        assert b'"bob"' in found[1]
        assert server.asked == ["GET /v1/secret/data/prod/db"]


async def test_all_below_a_folder_and_in_a_mount() -> None:
    async with vault() as server:
        assert list(await read(server, "secret/prod/")) == ["secret/prod/db", "secret/prod/deep/er/key"]
        assert set(await read(server, "secret/")) == {f"secret/{path}" for path in KV}


async def test_what_is_deleted_is_left_out_and_what_was_never_there_is_said() -> None:
    async with vault() as server:
        assert await read(server, "secret/none") == {}
        assert "nothing is there" in await refused(read(server, "secret/none/"))
        assert "mount and path" in await refused(read(server, "secret"))


async def test_a_refused_token_and_a_wrong_answer() -> None:
    async with vault() as server:
        assert "refuses the token" in await refused(read(server, "secret/other", VAULT_TOKEN="hvs.other"))
        server.answer = lambda _: web.json_response({"data": {"keys": "nonsense"}})
        assert "KV version 2" in await refused(read(server, "secret/"))
        server.answer = lambda _: web.Response(status=400)
        assert "HTTP 400" in await refused(read(server, "secret/other"))


async def test_a_limit_is_obeyed_and_a_fault_tried_again() -> None:
    async with vault() as server:
        faults = [web.Response(status=429, headers={"Retry-After": "1"}), web.Response(status=503)]
        server.answer = lambda _: faults.pop(0) if faults else None
        assert list(await read(server, "secret/other")) == ["secret/other"]
        assert len(server.asked) == 3
        server.answer = lambda _: web.Response(status=429, headers={"Retry-After": "3600"})
        assert "asks to wait" in await refused(read(server, "secret/other"))
        server.answer = lambda _: web.Response(status=500)
        assert "no answer in 4 tries" in await refused(read(server, "secret/other"))


async def test_folders_without_end_have_one() -> None:
    async with vault() as server:
        server.answer = lambda request: web.json_response({"data": {"keys": ["again/"]}})
        assert "deep" in await refused(read(server, "secret/"))


async def test_a_token_never_follows_to_another_host() -> None:
    async with vault() as server, vault() as other:
        server.answer = lambda _: web.Response(
            status=307, headers={"Location": f"{other.url}/v1/secret/data/other"}
        )
        heard: list[str] = []
        other.answer = lambda request: heard.append(request.headers.get("X-Vault-Token", ""))
        await refused(read(server, "secret/other"))
        assert heard in ([], [""])


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"VAULT_ADDR": "http://127.0.0.1:1"},
        {"VAULT_TOKEN": TOKEN},
        {"VAULT_ADDR": "ftp://vault.example", "VAULT_TOKEN": TOKEN},
        {"VAULT_ADDR": "http://vault.example:8200", "VAULT_TOKEN": TOKEN},
        {"VAULT_ADDR": "https://vault.example", "VAULT_TOKEN": "two words"},
        {"VAULT_ADDR": "https://vault.example", "VAULT_TOKEN": TOKEN, "VAULT_CACERT": "/nowhere.pem"},
    ],
)
def test_an_environment_that_will_not_do(environment: dict[str, str]) -> None:
    with pytest.raises(VaultError):
        Vault(environment)


async def test_a_server_that_is_not_there() -> None:
    async with vault() as server:
        gone = server.url
    assert "cannot be read" in await refused(read(Server(url=gone), "secret/other"))
