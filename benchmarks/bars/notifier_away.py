"""A notifier that is away for an hour: everything is delivered to it afterwards, once and in order, and the others notice nothing.

python -m benchmarks.bars.notifier_away [SECONDS]    writes docs/evidence/notifier-away.json (12 minutes of outage unless given)

Real store, real outbox, real notifiers over loopback. The service's clock runs faster (five times, for 12 minutes), so that the outage is an hour
to the outbox (waits, leases, the ten minutes after which the others are told); its pauses stay real. Every leak is told three times, as
found, as worse than thought and as closed, so that there is an order to keep.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import orjson
from aiohttp import web

from benchmarks import evidence
from benchmarks.bars.figures import spread
from monitor import log
from monitor.aio import spawn
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.exposures.states import CloseReason
from monitor.alerting.fold import Route
from monitor.alerting.notifiers.base import Change
from monitor.alerting.notifiers.slack import Slack
from monitor.alerting.notifiers.webhook import Webhook
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.policy.table import Policy
from monitor.alerting.selftest import SelfTest
from monitor.alerting.service import AlertingService, Rules
from monitor.alerting.telling.channel import Channel
from monitor.alerting.telling.grouping import Grouping
from monitor.alerting.telling.outbox import Deliverer
from monitor.alerting.telling.reach import Reach
from monitor.bus.base import Record
from monitor.contracts import FindingEvent, Place
from monitor.http import HttpClient
from monitor.listener import Listener
from monitor.metrics import Metrics
from monitor.store.engine import Store

AWAY, FINE, READER = "away", "fine", "reader"
_SECONDS: Final = 720.0
_STAGES: Final = ("opened", "escalated", "closed")
_PATIENCE: Final = 300.0  # real seconds for the rest
_SIGNING: Final = b"k" * 32


@dataclass(frozen=True, slots=True)
class Plan:
    """Real seconds before, during and after the outage; leaks begun a second; how many seconds of the service pass in a real one."""

    before: float = 60.0
    away: float = _SECONDS
    after: float = 60.0
    rate: float = 2.0
    speed: float = 5.0


@dataclass(slots=True)
class Receiver:
    """One notifier's end. While it is `down` it hangs up. Times are time.monotonic()."""

    down: bool = False
    refused: int = 0
    came: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.down:
            self.refused += 1
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=503)
        self.came.append((time.monotonic(), orjson.loads(body)))
        return web.Response(text="ok")

    def exposures(self) -> list[tuple[float, str, str, str]]:
        """(when, exposure, change, key) of webhook bodies about exposures, as they came."""
        return [
            (at, said["data"]["dedup_key"], said["data"]["change"], said["data"]["key"])
            for at, said in self.came
            if said["type"].startswith("exposure.")
        ]


class World:
    """Use as `async with`."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._stack = AsyncExitStack()
        self._stop = asyncio.Event()
        self._begun, self._epoch = time.monotonic(), time.time()
        self.receivers = {name: Receiver() for name in (AWAY, FINE, READER)}
        self.made: dict[tuple[str, str], float] = {}  # (exposure, change) -> when
        self._count = 0

    def clock(self) -> float:
        return self._epoch + (time.monotonic() - self._begun) * self._plan.speed

    async def __aenter__(self) -> Self:
        stack, metrics = self._stack, Metrics()
        store = await Store.open(self._folder / "store.db")
        stack.push_async_callback(store.close)
        app = web.Application()
        for name, receiver in self.receivers.items():
            app.router.add_post(f"/{name}", receiver.take)
        listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
        stack.push_async_callback(listener.close)
        http = await stack.enter_async_context(HttpClient(user_agent="bar", allow_private=["127.0.0.1"]))
        hooks = {
            name: Webhook(http, f"{listener.url}/{name}", [_SIGNING], timeout=10.0, clock=self.clock)
            for name in (AWAY, FINE)
        }
        sums = frozenset(change.value for change in Change)
        grouping = Grouping(seconds=60, after=3, storm_after=30, storm_seconds=180, sums=sums)
        slack = Slack(http, f"{listener.url}/{READER}", timeout=10.0, clock=self.clock)
        channels = [
            Channel(AWAY, hooks[AWAY]),
            Channel(FINE, hooks[FINE]),
            Channel(READER, slack, at_once=1, grouping=grouping),
        ]
        routes = tuple(Route(channel.name) for channel in channels)
        deliverer = Deliverer(store, channels, metrics, clock=self.clock)
        reach = Reach(store, channels, metrics, clock=self.clock, holder="bar")
        policy = Policy()
        self._alerting = AlertingService(
            store,
            Rules(Ownership(WatchSettings.model_validate({"organisations": ["acme"]})), policy, routes),
            metrics,
            SelfTest(store, metrics, clock=self.clock, late_seconds=300),
            keys=frozenset({"k1"}),
            clock=self.clock,
            on_told=deliverer.wake,
        )
        self._people = Exposures(store, metrics, clock=self.clock, routes=routes, on_told=deliverer.wake)
        for job in (deliverer.run, reach.run):
            stack.push_async_callback(_ended, spawn(job(self._stop), name="bar job"))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._stack.aclose()

    async def feed(self, seconds: float) -> None:
        """Begin leaks at the plan's rate; each is worse a second later and closed two seconds later."""
        end, step = time.monotonic() + seconds, 1 / self._plan.rate
        due: deque[tuple[float, int, str]] = deque()
        at = time.monotonic()
        while at < end or due:
            if at < end:
                self._count += 1
                await self._say(self._count, "opened")
                due.extend([(at + 1, self._count, "escalated"), (at + 2, self._count, "closed")])
            waiting = sorted(due)
            due.clear()
            for then, number, change in waiting:
                if then <= at:
                    await self._say(number, change)
                else:
                    due.append((then, number, change))
            at += step
            await asyncio.sleep(max(0.0, at - time.monotonic()))

    async def _say(self, number: int, change: str) -> None:
        leak = hashlib.sha256(b"leak %d" % number).hexdigest()
        self.made[leak[:32], change] = time.monotonic()
        if change == "closed":
            await self._people.close(leak, CloseReason.REVOKED, actor="bar")
            return
        severity = "critical" if change == "escalated" else "high"
        message = _finding(leak, number, severity, self.clock()).message()
        record = Record(message.topic, 0, 0, message.key, message.value, message.headers, self.clock())
        await self._alerting.handle([record])

    async def until(self, what: Callable[[], bool]) -> bool:
        """Whether it came true, after _PATIENCE at most."""
        end = time.monotonic() + _PATIENCE
        while not what() and time.monotonic() < end:  # noqa: ASYNC110 - a receiver rings no bell
            await asyncio.sleep(0.05)
        return what()


async def _ended(task: asyncio.Task[None]) -> None:
    await task


def _finding(leak: str, number: int, severity: str, now: float) -> FindingEvent:
    repository = f"acme/{number % 40}"
    return FindingEvent(
        leak={"k1": leak},
        place_id=hashlib.sha256(leak.encode()).hexdigest()[:32],
        rule="example-token",
        provider="example",
        family="example-token",
        title="Example token",
        severity=severity,
        confidence="high",
        verdict="unprovable",
        check="",
        preview="",
        snippet="",
        source="github_events",
        document_id=str(number),
        matched_at=now,
        fetched_at=now,
        place=Place(forge="github.com", repository=repository, owner="acme", path=f"{number}.env"),
    )


def judged(receiver: Receiver, made: dict[tuple[str, str], float]) -> dict[str, int]:
    """What of `made` did not come, came twice, or came before what was earlier about the same leak."""
    came = receiver.exposures()
    keys = Counter(key for _, _, _, key in came)
    stages: dict[str, list[int]] = defaultdict(list)
    for _, leak, change, _ in came:
        stages[leak].append(_STAGES.index(change))
    return {
        "made": len(made),
        "came": len(came),
        "missing": len(made.keys() - {(leak, change) for _, leak, change, _ in came}),
        "repeated": sum(count - 1 for count in keys.values()),
        "out_of_order": sum(order != sorted(order) for order in stages.values()),
    }


def waits(
    receiver: Receiver, made: dict[tuple[str, str], float], begin: float, end: float
) -> Sequence[float]:
    """Seconds from the fact to the delivery, of what was made between."""
    return [
        at - since
        for at, leak, change, _ in receiver.exposures()
        if (since := made[leak, change]) >= begin and since < end
    ]


async def measure(folder: Path, plan: Plan) -> dict[str, Any]:
    async with World(folder, plan) as world:
        away, fine, reader = (world.receivers[name] for name in (AWAY, FINE, READER))
        began = time.monotonic()
        await world.feed(plan.before)
        left = time.monotonic()
        away.down = True
        await world.feed(plan.away)
        away.down = False
        back = time.monotonic()
        rest = len(world.made) - len(away.exposures())
        await world.feed(plan.after)
        await world.until(lambda: len(away.exposures()) >= len(world.made))
        caught_up = max(
            (at for at, leak, change, _ in away.exposures() if world.made[leak, change] < back), default=back
        )
        await world.until(lambda: len(fine.exposures()) >= len(world.made))
        said = [said["type"] for _, said in fine.came if said["type"].startswith("notifier.")]
        return {
            "outage_s": round(back - left, 1),
            "outage_by_the_services_clock_s": round((back - left) * plan.speed),
            "leaks_a_second": plan.rate,
            "tries_refused": away.refused,
            "waiting_when_back": rest,
            "caught_up_after_s": round(caught_up - back, 2),
            AWAY: judged(away, world.made),
            FINE: judged(fine, world.made),
            "fine_latency_before_s": spread(waits(fine, world.made, began, left)),
            "fine_latency_during_s": spread(waits(fine, world.made, left, back)),
            "reader_messages": len(reader.came),
            "others_were_told": said,
        }


def main(seconds: str = "") -> None:
    away = float(seconds or _SECONDS)
    log.configure(level="error")  # a failed try is what is measured here, and standard output is the result's
    plan = replace(Plan(), away=away, speed=3600 / away)
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(measure(Path(folder), plan))
    print(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
    print(evidence.write("notifier-away", result))


if __name__ == "__main__":
    main(*sys.argv[1:])
