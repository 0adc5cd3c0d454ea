"""A small GitHub for the collectors' tests: what is put into it is what it answers, and it notes what it was asked."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

from aiohttp import web

from collecting import reply, serving


def sha(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def event(
    kind: str, number: int, payload: dict[str, Any], *, repo: str = "octo/demo", at: str
) -> dict[str, Any]:
    return {
        "id": str(number),
        "type": kind,
        "actor": {"id": 1, "login": "octocat"},
        "repo": {"id": 2, "name": repo, "url": f"https://api.github.com/repos/{repo}"},
        "payload": payload,
        "public": True,
        "created_at": at,
    }


def push(number: int, head: str, before: str, *, ref: str = "refs/heads/main", **more: Any) -> dict[str, Any]:
    payload = {"repository_id": 2, "push_id": number, "ref": ref, "head": sha(head), "before": sha(before)}
    if before == "":
        payload["before"] = "0" * 40
    return event("PushEvent", number, payload, **more)


def commit(name: str, *, message: str = "msg", parents: int = 1) -> dict[str, Any]:
    return {
        "sha": sha(name),
        "commit": {
            "author": {"name": "A", "email": "a@example.com", "date": "2026-11-21T10:00:00Z"},
            "message": message,
        },
        "author": {"login": "octocat"},
        "parents": [{"sha": sha(f"{name}{n}")} for n in range(parents)],
    }


def file(path: str, patch: str | None, *, changes: int = 1, status: str = "modified") -> dict[str, Any]:
    entry = {"sha": sha(path), "filename": path, "status": status, "changes": changes}
    return entry if patch is None else {**entry, "patch": patch}


def comparison(
    commits: list[Any], files: list[Any], *, status: str = "ahead", total: int | None = None
) -> Any:
    return {
        "status": status,
        "total_commits": len(commits) if total is None else total,
        "commits": commits,
        "files": files,
    }


class Forge:
    """`answers` maps a path (or path?query) to JSON, to a Response maker, or to (status, JSON); what is missing is 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.base = ""
        self.clock: Callable[[], float] = time.time

    def compare(self, base: str, head: str, answer: Any, *, repo: str = "octo/demo") -> None:
        self.answers[f"/repos/{repo}/compare/{base}...{sha(head)}"] = answer

    def commit(self, name: str, files: list[Any], *, repo: str = "octo/demo", **more: Any) -> None:
        self.answers[f"/repos/{repo}/commits/{sha(name)}"] = {**commit(name, **more), "files": files}

    def blob(self, path: str, content: bytes, *, repo: str = "octo/demo") -> None:
        self.answers[f"/repos/{repo}/git/blobs/{sha(path)}"] = {
            "content": base64.encodebytes(content).decode(),
            "encoding": "base64",
            "size": len(content),
        }

    def count(self, start: str) -> int:
        return sum(path.startswith(start) for path in self.asked)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        response = await self._answer(request)
        if not response.prepared:
            response.headers.setdefault("Date", formatdate(self.clock(), usegmt=True))
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path
        self.asked.append(path)
        self.headers.append(dict(request.headers))
        answer = self.answers.get(path, self.answers.get(path.partition("?")[0]))
        if isinstance(answer, Callable):  # type: ignore[arg-type]
            return await answer(request)  # type: ignore[no-any-return]
        if answer is None:
            return reply({"message": "Not Found", "status": "404"}, 404)
        if isinstance(answer, tuple):
            return reply(answer[1], answer[0])
        return reply(answer)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        async with serving(self.handle) as base:
            self.base = base
            yield base
