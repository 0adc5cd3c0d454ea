"""A scripted GitLab: answers by path, what was asked, and the client and context to ask with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from collecting import Bench, reply, serving
from monitor.collectors.context import Context
from monitor.collectors.gitlab.api import GitLab
from monitor.collectors.gitlab.settings import GitLabSettings

SHA = "ab" * 20
OTHER = "cd" * 20
OLD = "ef" * 20


@dataclass
class Answers:
    """`of` maps a path below the API to an answer: JSON, bytes, a status, a response, or a list with one of these for each page."""

    of: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paged: set[str] = field(default_factory=set)  # paths whose list is one of pages

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path
        self.asked.append((path, dict(request.query)))
        self.headers.append(dict(request.headers))
        answer = self.of.get(path, 404)
        if path in self.paged:
            number = int(request.query.get("page", "1"))
            pages = answer
            answer = pages[number - 1]
            if isinstance(answer, list):
                return reply(answer, X_Next_Page=str(number + 1) if number < len(pages) else "")
        if isinstance(answer, int):
            return reply({"message": f"{answer}"}, status=answer)
        if isinstance(answer, bytes):
            return web.Response(body=answer)
        if callable(answer):
            return answer(request)  # type: ignore[no-any-return]
        return reply(answer)


@dataclass
class Asking:
    bench: Bench
    context: Context
    gitlab: GitLab
    base: str

    def dropped(self, reason: str) -> float:
        return self.bench.metric("leakstream_dropped_total", stage="collect", reason=reason)


@asynccontextmanager
async def asking(answers: Answers, **settings: Any) -> AsyncIterator[Asking]:
    async with serving(answers.handle) as base, Bench() as bench:
        context = Context(
            "gitlab",
            stop=asyncio.Event(),
            state=bench.state,
            producer=bench.producer,
            metrics=bench.metrics,
            clock=bench.time,
            sleep=bench.time.sleep,
        )
        given = GitLabSettings.model_validate({"base_url": base, "token": "not-a-token", **settings})
        yield Asking(bench, context, GitLab(given, bench.tools), base)


def commit(sha: str = SHA, **more: Any) -> dict[str, Any]:
    """As a list of commits has it."""
    return {
        "id": sha,
        "short_id": sha[:8],
        "title": "t",
        "message": f"message of {sha[:4]}",
        "author_name": "A",
        "author_email": "a@example.com",
        "committed_date": "2026-05-28T20:00:00.000+00:00",
        "created_at": "2026-05-28T20:00:00.000+00:00",
        "parent_ids": [],
        **more,
    }


def entry(path: str = "a.py", diff: str = "@@ -0,0 +1 @@\n+x = 1\n", **more: Any) -> dict[str, Any]:
    """As a commit's difference has it."""
    return {
        "diff": diff,
        "new_path": path,
        "old_path": path,
        "a_mode": "100644",
        "b_mode": "100644",
        "new_file": False,
        "renamed_file": False,
        "deleted_file": False,
        **more,
    }
