"""Signing in with the token, and out again. Where no token is configured there is nothing to sign in to."""

from __future__ import annotations

from aiohttp import web

from monitor.console.pages import Pages
from monitor.web import Access, Web
from monitor.webguard import COOKIE


class SignIn:
    def __init__(self, listener: Web, pages: Pages) -> None:
        self._listener = listener
        self._pages = pages

    def add_to(self, listener: Web) -> None:
        listener.add_routes([web.get("/login", self._form), web.post("/login", self._sign_in)], Access.OPEN)
        listener.add_routes([web.post("/logout", self._sign_out)])

    async def _form(self, request: web.Request) -> web.Response:
        return self._show(request, wrong=False)

    async def _sign_in(self, request: web.Request) -> web.Response:
        given = (await request.post()).get("token", "")
        if not isinstance(given, str) or not self._listener.guard.is_token(given.strip()):
            return self._show(request, wrong=True)
        answer = web.Response(status=303, headers={"Location": "/exposures"})
        self._listener.sign_in(answer)
        return answer

    async def _sign_out(self, _: web.Request) -> web.Response:
        answer = web.Response(status=303, headers={"Location": "/login"})
        answer.del_cookie(COOKIE)
        return answer

    def _show(self, request: web.Request, *, wrong: bool) -> web.Response:
        values = {"wrong": wrong, "csrf": self._listener.page_token(request), "signed_in": False}
        return self._pages.show("login.html", values, status=401 if wrong else 200)
