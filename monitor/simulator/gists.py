"""GitHub's gists: the public list without content, one gist (also as it was at a revision) with up to 1 MB a file and 300 files, raw
files up to 10 MB. Routes under /github and /gist-raw.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Final

from aiohttp import web

from monitor.simulator import github_json
from monitor.simulator.clock import from_iso
from monitor.simulator.github_gate import Gate, answer, error, link, paging
from monitor.simulator.model import Gist
from monitor.simulator.world import World

_LISTED: Final = 3_000
_CONTENT_LIMIT: Final = 1_000_000
_RAW_LIMIT: Final = 10_000_000  # larger ones are only to be cloned


class Gists:
    def __init__(self, world: World, gate: Gate, base_url: Callable[[], str]) -> None:
        self._world = world
        self._gate = gate
        self._base = base_url

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/github/gists/public", self._gate.wrap(self.public), name="github.gists"),
            web.get("/github/gists/{id}", self._gate.wrap(self.one), name="github.gist"),
            web.get("/github/gists/{id}/{revision}", self._gate.wrap(self.one), name="github.gist_revision"),
            web.get("/gist-raw/{login}/{id}/raw/{revision}/{name}", self.raw, name="raw.gist"),
        ]

    async def public(self, request: web.Request) -> web.Response:
        """By time of update, newest first; `since` filters that time."""
        try:
            since = from_iso(request.query["since"]) if "since" in request.query else float("-inf")
        except ValueError:
            return error(422, "Validation Failed")
        found = [gist for gist in reversed(self._world.gists.values()) if gist.updated_at >= since][:_LISTED]
        page, size = paging(request)
        keep = f"since={request.query['since']}&" if "since" in request.query else ""
        url = f"{self._base()}/gists/public?{keep}"
        shown = found[(page - 1) * size : page * size]
        return answer(
            [github_json.gist(self._base(), gist) for gist in shown],
            headers=link(url, page, size, max(1, ceil(len(found) / size))),
        )

    async def one(self, request: web.Request) -> web.Response:
        gist = self._state(request)
        if gist is None:
            return error(404, "Not Found")
        return answer(github_json.gist(self._base(), gist, content_limit=_CONTENT_LIMIT))

    async def raw(self, request: web.Request) -> web.Response:
        gist = self._state(request)
        content = gist.files.get(request.match_info["name"]) if gist else None
        if content is None or len(content) > _RAW_LIMIT:
            return web.Response(status=404, text="404: Not Found")
        return web.Response(body=content, headers={"Content-Type": "text/plain; charset=utf-8"})

    def _state(self, request: web.Request) -> Gist | None:
        """The gist that is asked for, at its `revision` where one is named."""
        gist = self._world.gists.get(request.match_info["id"])
        revision = request.match_info.get("revision")
        if gist is None or revision is None:
            return gist
        return next((state for state in (gist, *gist.before) if state.revision == revision), None)
