"""A deliverer in a process of its own, for a test that kills it: `python deliver_until_killed.py STORE URL [CLOCK]`. CLOCK: a file that
holds the time.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

from monitor.alerting.notifiers.webhook import Webhook
from monitor.alerting.telling.channel import Channel
from monitor.alerting.telling.outbox import Deliverer
from monitor.http import HttpClient
from monitor.metrics import Metrics
from monitor.store.engine import Store


async def main(path: str, url: str, clock_file: str = "") -> None:
    def clock() -> float:
        return float(Path(clock_file).read_text()) if clock_file else time.time()

    store = await Store.open(path)
    http = HttpClient(user_agent="leakstream test", allow_private=["127.0.0.1"])
    notifier = Webhook(http, url, [b"k" * 32], timeout=30.0, clock=clock)
    channel = Channel("hook", notifier, deadline=30.0)
    await Deliverer(store, [channel], Metrics(), clock=clock).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
