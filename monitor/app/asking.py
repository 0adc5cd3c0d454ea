"""Asking servers that the configuration names, outside a running service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Final

from monitor.app.loading import configured
from monitor.config import Config
from monitor.http import HttpClient
from monitor.version import version

_SECONDS: Final = 8.0


@asynccontextmanager
async def polite_client(config: Config, *, own: Collection[str] = ()) -> AsyncIterator[HttpClient]:
    """Presents itself, and may go, as the service does; `own` are further host:port on private addresses: this service's. A request ends
    after some seconds. Raises ConfigError.
    """
    with configured("http"):
        http = HttpClient(
            user_agent=user_agent(config),
            allow_private=(*config.http.allow_private, *own),
            timeout=_SECONDS,
            idle=_SECONDS / 2,
        )
    async with http:
        yield http


def user_agent(config: Config) -> str:
    # the doctor asks for one; nobody else's is made up
    contact = config.http.contact or "no contact configured"
    return f"leakstream/{version()} ({contact})"
