"""Signing in with a token, and out again. Where no token is configured there is nothing to sign in to."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from monitor.console.pages import Pages
from monitor.web import Access, Role, Web, may
from monitor.web.gate import Refused
from monitor.web.guard import is_own_path


class SignIn:
    def __init__(self, listener: Web, pages: Pages) -> None:
        self._listener = listener
        self._pages = pages

    def add_to(self, listener: Web) -> None:
        listener.add_routes([web.get("/login", self._form), web.post("/login", self._sign_in)], Access.OPEN)
        listener.add_routes([web.post("/logout", self._sign_out)], role=Role.VIEWER)

    async def _form(self, request: web.Request) -> web.Response:
        back = _back(request.query.get("next", ""))
        if may(request, Role.VIEWER):
            return _see(back)
        # A link in a pager's message: the browser keeps its session to itself until we ask for it from a page of our own.
        if request.headers.get("Sec-Fetch-Site") == "cross-site" and "again" not in request.query:
            answer = self._show(request, back)
            answer.headers["Refresh"] = f"0;url=/login?again=1&next={quote(back, safe='')}"
            return answer
        return self._show(request, back)

    async def _sign_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        given, back = form.get("token", ""), _back(str(form.get("next", "")))
        answer = _see(back)
        try:
            if isinstance(given, str) and await self._listener.sign_in(request, given, answer):
                return answer
        except Refused as error:
            wait = error.answer.headers["Retry-After"]
            return self._show(request, back, 429, wait=wait, Retry_After=wait)
        return self._show(request, back, 401, wrong=True)

    async def _sign_out(self, request: web.Request) -> web.Response:
        answer = _see("/login")
        await self._listener.sign_out(request, answer)
        return answer

    def _show(
        self,
        request: web.Request,
        back: str,
        status: int = 200,
        *,
        wrong: bool = False,
        wait: str = "",
        **headers: str,
    ) -> web.Response:
        values = {
            "wrong": wrong,
            "wait": wait,
            "csrf": self._listener.page_token(request),
            "signed_in": False,
            "back": back,
        }
        answer = self._pages.show("login.html", values, status=status)
        answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return answer


def _back(path: str) -> str:
    """Where to go once signed in: a page of ours, never somebody else's."""
    return path if is_own_path(path) and not path.startswith("/login") else "/exposures"


def _see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
