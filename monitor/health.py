"""/metrics, /healthz and /readyz on a listener of their own (by default 127.0.0.1:8687).

/healthz  200 as long as the event loop runs: a supervisor restarts what does not answer.
/readyz   200 or 503, and one JSON object: {"ready": false, "parts": {"match": {"ready": false, "reasons": ["..."]}}}.
          "notes" beside "parts" has what is wrong and does not keep a part from its work: a notifier that cannot be reached.
/metrics  the Prometheus text format, or OpenMetrics when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from monitor.listener import Listener

Check = Callable[[], Iterable[str]]

_LOG = structlog.get_logger("health")


class Health:
    """One listener; for one event loop."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        *,
        checks: Mapping[str, Check],
        notes: Mapping[str, Check] = MappingProxyType({}),
    ) -> None:
        """`port` 0 is any free one. `checks` (part -> check) is read at every question, so that parts may join later. A check gives
        one sentence for each reason why its part cannot do its work; none = ready. It must not block. `notes` likewise, but for what leaves the part ready.
        """
        self.address = ""  # the base URL, once it listens
        self._registry = registry
        self._host = host
        self._port = port
        self._checks = checks
        self._notes = notes
        self._listener: Listener | None = None

    def reasons(self) -> Mapping[str, tuple[str, ...]]:
        """Part -> why it is not ready; a check that raises is a reason itself."""
        return {part: asked(part, check) for part, check in self._checks.items()}

    async def start(self) -> str:
        """Listen; the base URL. Raises OSError when the port is taken."""
        app = web.Application(client_max_size=1024)
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
            ]
        )
        self._listener = await Listener.open(app, self._host, self._port, grace=1.0)
        self.address = self._listener.url
        return self.address

    async def close(self) -> None:
        """Idempotent."""
        if self._listener is not None:
            await self._listener.close()

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        reasons = self.reasons()
        ready = bool(reasons) and not any(reasons.values())  # no part yet: still starting
        parts = {part: {"ready": not why, "reasons": list(why)} for part, why in reasons.items()}
        answer: dict[str, Any] = {"ready": ready, "parts": parts}
        if notes := [note for part, check in self._notes.items() for note in asked(part, check)]:
            answer["notes"] = notes
        return web.Response(
            body=orjson.dumps(answer),
            status=200 if ready else 503,
            content_type="application/json",
        )


def asked(part: str, check: Check) -> tuple[str, ...]:
    """What the check of this part says; that it raised is an answer, too."""
    try:
        return tuple(check())
    except Exception as error:  # noqa: BLE001 - a check is foreign code; its failure is an answer
        _LOG.exception("readiness check failed", part=part)
        return (f"its readiness check failed: {type(error).__name__}",)
