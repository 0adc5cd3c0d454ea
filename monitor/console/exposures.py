"""The pages of exposures: the list, one of them, and what people do with them, one by one or many at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from monitor.console import filters, proofs
from monitor.console.frame import Frame
from monitor.console.queries import ExposureQueries, ReportQueries
from monitor.console.timeline import WIDTH, moments, stations, told_first
from monitor.console.words import written
from monitor.web import identity
from monitor.web.guard import is_own_path

_LONGEST_NOTE: Final = 1000
_MOST_AT_ONCE: Final = 100
Change = Callable[[str, str], Awaitable[object]]  # id, actor


class ExposurePages:
    """Handlers. They raise LookupError, ValueError, StoreBusy and LedgerBroken for the frame to show."""

    def __init__(self, frame: Frame, exposures: ExposureQueries, reports: ReportQueries) -> None:
        self._frame = frame
        self._exposures = exposures
        self._reports = reports

    async def list(self, request: web.Request) -> web.Response:
        wanted = filters.parse(request.query)
        asked = wanted.filter(self._frame.clock())
        # before the list is read, and no time of a clock: what is opened in between is told as new, not missed
        newest = await self._exposures.newest(asked)
        found = await self._exposures.list(
            asked, actor=identity(request).name, limit=wanted.limit, after=wanted.after
        )
        return await self._frame.show(
            request,
            "exposures.html",
            {
                "wanted": wanted,
                "choices": filters.CHOICES,
                "facets": await self._exposures.facets(asked),
                "exposures": found.exposures,
                "total": found.total,
                "next": wanted.url(found.next) if found.next else "",
                "first": wanted.first().url("") if wanted.after else "",
                "back": wanted.url(wanted.after),
                "close_reasons": self._exposures.close_reasons,
                "done": _number(request, "done"),
                "refused": _number(request, "refused"),
            },
            live=f"since={newest!r}&{wanted.query()}",
        )

    async def show(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        exposure = await self._exposures.show(name, actor=identity(request).name)
        found = moments(exposure)
        now = written(self._frame.clock()) if exposure["state"] == "open" else ""
        return await self._frame.show(
            request,
            "exposure.html",
            {
                "exposure": exposure,
                "close_reasons": self._exposures.close_reasons,
                "moments": found,
                "stations": stations(found, now),
                "told_first": told_first(exposure),
                "picture": WIDTH,
                "meanings": {"verdict": proofs.VERDICTS, "level": proofs.LEVELS, "public": proofs.PUBLIC},
                "mark": await self._exposures.mark(exposure["id"]),
            },
            live=f"exposure={exposure['id']}",
        )

    async def report(self, request: web.Request) -> web.Response:
        """As a file: what it quotes is foreign, and shall not be shown by a browser."""
        name = request.match_info["id"]
        made = await self._reports.make(name, actor=identity(request).name)
        answer = web.Response(text=made.text, content_type="text/markdown")
        answer.headers["Content-Disposition"] = f'attachment; filename="exposure-{name[:12]}.md"'
        return answer

    async def close(self, request: web.Request) -> web.Response:
        reason, note = await _reason(request)
        closed = await self._exposures.close(
            request.match_info["id"], reason, actor=identity(request).name, note=note
        )
        return see(f"/exposures/{closed['id']}")

    async def reopen(self, request: web.Request) -> web.Response:
        _, note = await _reason(request)
        opened = await self._exposures.reopen(
            request.match_info["id"], actor=identity(request).name, note=note
        )
        return see(f"/exposures/{opened['id']}")

    async def acknowledge(self, request: web.Request) -> web.Response:
        taken = await self._exposures.acknowledge(request.match_info["id"], actor=identity(request).name)
        return see(f"/exposures/{taken['id']}")

    async def revoke(self, request: web.Request) -> web.Response:
        revoked = await self._exposures.revoke(request.match_info["id"], actor=identity(request).name)
        return see(f"/exposures/{revoked['id']}")

    async def tick(self, request: web.Request) -> web.Response:
        form = await request.post()
        ticked = await self._exposures.tick(
            request.match_info["id"],
            str(form.get("step", "")),
            done=form.get("done") == "yes",
            actor=identity(request).name,
        )
        return see(f"/exposures/{ticked['id']}#todo")

    async def acknowledge_many(self, request: web.Request) -> web.Response:
        async def acknowledge(name: str, actor: str) -> object:
            return await self._exposures.acknowledge(name, actor=actor)

        return await self._many(request, acknowledge)

    async def close_many(self, request: web.Request) -> web.Response:
        reason, note = await _reason(request)
        if reason not in self._exposures.close_reasons:
            raise ValueError("choose why they are closed")

        async def close(name: str, actor: str) -> object:
            return await self._exposures.close(name, reason, actor=actor, note=note)

        return await self._many(request, close)

    async def _many(self, request: web.Request, change: Change) -> web.Response:
        """Each for itself: what somebody else did meanwhile is counted as refused, and said."""
        form = await request.post()
        names = [str(name) for name in form.getall("id", [])]
        if not 1 <= len(names) <= _MOST_AT_ONCE:
            raise ValueError(f"select between 1 and {_MOST_AT_ONCE} exposures")
        refused = 0
        for name in names:
            try:
                await change(name, identity(request).name)
            except (LookupError, ValueError):
                refused += 1
        back = str(form.get("back", ""))
        back = back if is_own_path(back) and back.startswith("/exposures?") else "/exposures?"
        return see(f"{back}&done={len(names) - refused}&refused={refused}")


def see(path: str) -> web.Response:
    """Go there: a page that was changed is loaded anew, and may be loaded again."""
    return web.Response(status=303, headers={"Location": path})


async def _reason(request: web.Request) -> tuple[str, str]:
    form = await request.post()
    return str(form.get("reason", "")), str(form.get("note", ""))[:_LONGEST_NOTE]


def _number(request: web.Request, name: str) -> int:
    given = request.query.get(name, "")
    return int(given[:6]) if given.isascii() and given.isdigit() else 0
