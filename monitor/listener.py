"""Put an aiohttp application on a port. The one way to listen: console, health and simulator use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening application. `url` is its base URL, without a slash at the end."""

    url: str
    _runner: web.AppRunner

    @classmethod
    async def open(
        cls, app: web.Application, host: str, port: int, *, grace: float = 5.0, keep_alive: float = 30.0
    ) -> Self:
        """`port` 0 is any free one; `grace`: seconds that requests under way have when it closes. Raises OSError when the port is taken."""
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace, keepalive_timeout=keep_alive)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        name, number = runner.addresses[0][:2]
        return cls(f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}", runner)

    async def close(self) -> None:
        """Idempotent."""
        await self._runner.cleanup()
