"""Reads KV v2 of a HashiCorp Vault over its HTTP API, as `vault kv get` does: with VAULT_ADDR, VAULT_TOKEN and what else it takes from the
environment. Reads, and changes nothing.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, Self
from urllib.parse import quote, urlsplit

from monitor.addresses import is_loopback
from monitor.budget import Limited, Outcome
from monitor.http import HttpClient, HttpError, Response

MOST: Final = 100_000  # secrets read in one go
_DEEPEST: Final = 64  # folders in each other
_TRIES: Final = 4
_LONGEST_WAIT: Final = 60.0  # seconds that it is worth to wait for
_INTERVAL: Final = 0.02  # seconds between two requests
_MAX_BYTES: Final = 2 * 1024 * 1024


class VaultError(Exception):
    """Vault cannot be read. The message says what to do, and holds neither token nor secret."""


class Vault:
    """For one event loop; `async with`. Asks at most 50 times a second, one at a time."""

    def __init__(self, environment: Mapping[str, str], *, clock: Callable[[], float] = time.time) -> None:
        """Raises VaultError."""
        address, token = environment.get("VAULT_ADDR", "").rstrip("/"), environment.get("VAULT_TOKEN", "")
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or not token:
            raise VaultError("set VAULT_ADDR (https://…) and VAULT_TOKEN in the environment")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise VaultError("VAULT_ADDR: http would send the token in clear; use https")
        if not token.isprintable() or " " in token:
            raise VaultError("VAULT_TOKEN is not one printable word")
        authority = environment.get("VAULT_CACERT", "")
        try:
            tls = ssl.create_default_context(cafile=authority) if authority else None
        except OSError as error:
            raise VaultError(f"VAULT_CACERT {authority}: {error.strerror or 'no certificate'}") from error
        self._address = address
        self._headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
        if namespace := environment.get("VAULT_NAMESPACE", ""):
            self._headers["X-Vault-Namespace"] = namespace
        self._http = HttpClient(
            user_agent="leakstream watch", allow_private=[parts.hostname], tls=tls, clock=clock
        )
        self._budget = self._http.budget(address, "vault", interval=_INTERVAL, concurrency=1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def secrets(self, place: str) -> AsyncIterator[tuple[str, bytes]]:
        """(path, what the API answers for it) of a secret, `MOUNT/PATH`, or of all below a folder, `MOUNT/PATH/`. Of a mount whose name has
        slashes two stand behind it. A deleted secret is left out. Raises VaultError.
        """
        mount, mark, path = place.partition("//") if "//" in place else place.partition("/")
        if not mount or not mark:
            raise VaultError(f"{place}: say which mount and path, like secret/prod/ or secret/prod/database")
        count = 0
        waiting = [path]
        while waiting:
            path = waiting.pop()
            if path and not path.endswith("/"):
                count += 1
                if count > MOST:
                    raise VaultError(f"{place}: more than {MOST} secrets; read it in several parts")
                answer = await self._ask(f"{mount}/data/{path}")
                if answer is not None:
                    yield f"{mount}/{path}", answer.body
            elif path.count("/") <= _DEEPEST:
                waiting += [path + name for name in reversed(await self._listed(f"{mount}/metadata/{path}"))]
            else:
                raise VaultError(f"{place}: folders are nested more than {_DEEPEST} deep")

    async def _listed(self, path: str) -> list[str]:
        answer = await self._ask(path, query="?list=true")
        if answer is None:
            raise VaultError(f"{path}: nothing is there, or the token may not list it")
        names = _keys(answer)
        if not names:
            raise VaultError(f"{path}: Vault's answer is no list; is this a KV version 2 mount?")
        return names

    async def _ask(self, place: str, *, query: str = "") -> Response | None:
        """None: there is no such secret (any more)."""
        url = f"{self._address}/v1/{quote(place, safe='/')}{query}"
        for _ in range(_TRIES):
            await self._turn()
            try:
                answer = await self._http.request("GET", url, headers=self._headers, max_bytes=_MAX_BYTES)
            except HttpError as error:
                raise VaultError(f"{place}: Vault cannot be read: {error}") from None
            outcome = self._budget.observe(answer.status, answer.headers, answer.body)
            if outcome is Outcome.OK:
                return answer
            if answer.status == 404:
                return None
            if answer.status in (401, 403):
                raise VaultError(
                    f"{place}: Vault refuses the token (HTTP {answer.status}); it needs read and list here"
                )
            if outcome is Outcome.CLIENT_ERROR:
                raise VaultError(f"{place}: Vault answers HTTP {answer.status}")
        raise VaultError(f"{place}: Vault gave no answer in {_TRIES} tries")

    async def _turn(self) -> None:
        """Wait until Vault may be asked. Raises VaultError where that takes too long."""
        while True:
            try:
                await asyncio.sleep(self._budget.reserve())
            except Limited as limited:
                if limited.retry_after > _LONGEST_WAIT:
                    raise VaultError(
                        f"Vault asks to wait {limited.retry_after:.0f} s; try again then"
                    ) from None
                await asyncio.sleep(limited.retry_after + _INTERVAL)
            else:
                return


def _keys(answer: Response) -> list[str]:
    """What a folder holds; nothing if the answer does not say."""
    try:
        names = answer.json()["data"]["keys"]
    except (ValueError, KeyError, TypeError):
        return []
    return [name for name in names if isinstance(name, str) and name] if isinstance(names, list) else []
