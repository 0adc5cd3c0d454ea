"""A drill that needs nothing: a whole service of its own against a small internet of its own, for as long as the drill takes."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from monitor import log
from monitor.aio import cancel, spawn
from monitor.app import Addresses, Drills, Service, load_config, open_drills
from monitor.canary import RULE
from monitor.drills.planting import Ground, Planting
from monitor.simulator.model import Planted
from monitor.simulator.server import Simulator, SimulatorConfig

_OWNER: Final = "acme-corp"
_CONFIG: Final = """\
state = "state"
external_url = "http://127.0.0.1:1"
[web]
port = 0
[metrics]
port = 0
[http]
allow_private = ["127.0.0.1"]
[match]
processes = 1
[watch]
organisations = ["{owner}"]
[sources.github_events]
base_url = "{github}"
token = "drill"
poll_seconds = 1
[notifiers.webhook]
url = "{hook}"
secret = "whsec_{secret}"
drills = true
"""


class SimulatedPlanter:
    """Publishes as somebody of the watched organisation would: a push."""

    ground = Ground(forge="github.com", owner=_OWNER)

    def __init__(self) -> None:
        self._content = b""
        self.simulator = Simulator(
            SimulatorConfig(poll_interval=1, late_ratio=0.0, per_hour_with_token=1_000_000),
            maker=self._made,
        )

    async def plant(self, planting: Planting) -> dict[str, Any]:
        self._content = planting.content
        place = self.simulator.publisher.leak(planting.at, watched="owner")
        return {"repository": place.repository, "forge": place.forge, "commit": place.commit}

    def _made(self, rng: random.Random) -> Planted:
        """What is to be planted: nothing is drawn."""
        del rng
        return Planted(RULE, self._content.rpartition(b"=")[2].strip(), self._content)


@asynccontextmanager
async def simulated_drills() -> AsyncIterator[Drills]:
    """Throws everything away at its end. Raises what ended the service."""
    log.configure(level="error")
    folder = Path(tempfile.mkdtemp(prefix="leakstream-drill-"))
    planter = SimulatedPlanter()
    stop = asyncio.Event()
    await planter.simulator.start()
    try:
        path = folder / "leakstream.toml"
        path.touch(mode=0o600)
        path.write_text(
            _CONFIG.format(
                owner=_OWNER,
                github=planter.simulator.github_url,
                hook=planter.simulator.hook_url("drill"),
                secret=base64.b64encode(os.urandom(24)).decode(),
            )
        )
        config = load_config(path, {})
        ready: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
        service = spawn(Service(config).run(stop, ready.set_result), name="service")
        try:
            both: set[asyncio.Future[Any]] = {service, ready}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if service.done():
                await service
            async with open_drills(config, clock=time.time, planters={"simulator": planter}) as opened:
                yield opened
            stop.set()
            await service
        finally:
            await cancel(service)
    finally:
        await planter.simulator.stop()
        shutil.rmtree(folder, ignore_errors=True)
