"""GitHub Apps: a signed claim is exchanged for an installation's token, which ends after an hour."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.simulator.clock import iso
from monitor.simulator.github_gate import Gate, answer, error
from monitor.simulator.world import World

_HOUR: Final = 3600.0
_LONGEST_CLAIM: Final = 660.0  # exp at most ten minutes ahead, and a minute for clocks


class Apps:
    """Routes under /github/app. Any App is known here: the claim's form and times are judged, its signature is not."""

    def __init__(self, world: World, gate: Gate, clock: Callable[[], float]) -> None:
        self._world = world
        self._gate = gate
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        path = "/github/app/installations/{installation}/access_tokens"
        return [web.post(path, self.mint, name="github.app_token")]

    async def mint(self, request: web.Request) -> web.Response:
        now = self._clock()
        claim = _claim(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if not claim or not now < claim.get("exp", 0) <= now + _LONGEST_CLAIM or claim.get("iat", now) > now:
            return error(401, "A JSON web token could not be decoded")
        token = f"installation-{request.match_info['installation']}-{self._world.rng.randbytes(8).hex()}"
        self._gate.minted[token] = now + _HOUR
        body = {"token": token, "expires_at": iso(now + _HOUR), "permissions": {"metadata": "read"}}
        return answer(body, status=201)


def _claim(token: str) -> dict[str, Any]:
    """The claim of a token signed with RS256, {} when it is none."""
    try:
        head, body, signature = token.split(".")
        decoded = [orjson.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, body)]
    except ValueError:
        return {}
    right = signature and decoded[0] == {"alg": "RS256", "typ": "JWT"} and isinstance(decoded[1], dict)
    return decoded[1] if right else {}
