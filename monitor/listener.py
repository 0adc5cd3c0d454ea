"""Put an aiohttp application on a port. The one way to listen: console, health and simulator use it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from monitor.aio import cancel, spawn

_PATIENCE: Final = (
    60.0  # seconds that a connection may be open with no request under way, half of one included
)


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening application. `url` is its base URL, without a slash at the end."""

    url: str
    _runner: web.AppRunner
    _sweeping: asyncio.Task[None]

    @classmethod
    async def open(
        cls,
        app: web.Application,
        host: str,
        port: int,
        *,
        grace: float = 5.0,
        keep_alive: float = 30.0,
        patience: float = _PATIENCE,
    ) -> Self:
        """`port` 0 is any free one; `grace`: seconds that requests under way have when it closes; `patience`: seconds after which a connection
        without a request under way is closed, since aiohttp waits for ever for the rest of a head. Raises OSError when the port is taken.
        """
        idle = _Idle(patience)
        app.middlewares.insert(0, idle.watch)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace, keepalive_timeout=keep_alive)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        name, number = runner.addresses[0][:2]
        url = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
        return cls(url, runner, spawn(idle.sweep(runner), name="idle connections"))

    async def close(self) -> None:
        """Idempotent."""
        await cancel(self._sweeping)
        await self._runner.cleanup()


class _Idle:
    """Closes connections on which no request has been under way for `patience` seconds."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._busy: Counter[Any] = Counter()  # connection -> requests under way
        self._since: dict[Any, float] = {}

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = request.protocol
        self._busy[connection] += 1
        try:
            return await handler(request)
        finally:
            self._busy[connection] -= 1
            self._since[connection] = asyncio.get_running_loop().time()

    async def sweep(self, runner: web.AppRunner) -> None:
        """Until it is cancelled."""
        while (server := runner.server) is not None:
            now, there = asyncio.get_running_loop().time(), server.connections
            for connection in there:
                since = self._since.setdefault(connection, now)
                if not self._busy[connection] and now - since >= self._patience:
                    connection.force_close()
            self._since = {each: self._since[each] for each in there}
            self._busy = Counter({each: count for each, count in self._busy.items() if count})
            await asyncio.sleep(self._patience / 10)
