"""Events of GitHub as they stand in an archived hour, one JSON object a line."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterable
from typing import Any

import orjson

from monitor.collectors.shapes import iso

NOON = 1_780_315_200.0  # 2026-06-01T12:00:00Z
_IDS = itertools.count(10_136_123_952)


def event(
    kind: str, repository: str = "someone/thing", payload: object = None, at: float = NOON
) -> dict[str, Any]:
    """With an id of its own."""
    return {
        "id": str(next(_IDS)),
        "type": kind,
        "actor": {"id": 1, "login": "someone", "url": "https://api.github.com/users/someone"},
        "repo": {"id": 2, "name": repository, "url": f"https://api.github.com/repos/{repository}"},
        "payload": payload,
        "public": True,
        "created_at": iso(at),
    }


def push(repository: str, at: float = NOON) -> dict[str, Any]:
    payload = {
        "repository_id": 2,
        "push_id": 34_950_197_608,
        "ref": "refs/heads/main",
        "head": "9" * 40,
        "before": "8" * 40,
    }
    return event("PushEvent", repository, payload, at)


def comment(body: str, repository: str = "someone/thing", at: float = NOON) -> dict[str, Any]:
    page = f"https://github.com/{repository}/issues/1"
    payload = {
        "action": "created",
        "issue": {"html_url": page, "title": "", "body": None, "created_at": "2020-01-01T00:00:00Z"},
        "comment": {"html_url": f"{page}#issuecomment-{next(_IDS)}", "body": body},
    }
    return event("IssueCommentEvent", repository, payload, at)


def line(raw: object) -> bytes:
    return orjson.dumps(raw)


def packed(events: Iterable[object], member: int = 10) -> bytes:
    """An hour's file of members of so many events each."""
    lines = [line(raw) + b"\n" for raw in events]
    parts = [b"".join(lines[at : at + member]) for at in range(0, len(lines), member)] or [b""]
    return b"".join(gzip.compress(part, 1, mtime=0) for part in parts)
