"""Every page once: 100,000 findings of 5,000 leaks, shuffled and repeated, then all of them three times again, through two alerting processes one
of which is killed every ten seconds, to a webhook and an Alertmanager that are down half of the time.

python -m benchmarks.bars.paging [--store sqlite|postgresql] [--findings N] [--leaks N]

Which idempotency keys must arrive the bar makes out by itself (`paging_plan`): for each opening and state of each leak of ours one, of a
stranger's none. They must all arrive at the webhook, and no other; a key may arrive again only after a kill, while a lease runs out. At the
Alertmanager (the real one, configured as we ship it) each opening must stand under one key, and its own receiver must be told of each leak.
On both stores. Writes docs/evidence/paging-<store>.json; exit status 0 when every check holds. Half an hour.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks import evidence
from benchmarks.bars import alertmanaged, serviceconfig
from benchmarks.bars.alerters import STORES, Matcher, Stage, stage
from benchmarks.bars.fleet import Fleet, environment_notes
from benchmarks.bars.judging import Checks, repeats
from benchmarks.bars.outages import Door, Front, Hook, listening
from benchmarks.bars.pages import Pages, pages
from benchmarks.bars.paging_plan import PASSES, Plan, plan
from monitor.aio import spawn
from monitor.alerting.exposures.states import CloseReason, Scope
from monitor.app import open_exposures
from monitor.bus.base import Bus
from monitor.contracts import FINDINGS
from monitor.store.errors import StoreBusy
from monitoring import Alertmanager

NAME: Final = "paging"
FINDINGS_COUNT: Final = 100_000
LEAKS: Final = 5_000
KILL_EVERY: Final = 10.0
DOWN_EVERY: Final = 5.0  # shut so long, then open so long
_CHUNK: Final = 500  # findings handed to the bus at once
_DOWN: Final = 1.0  # seconds between a kill and the next start
_UNDER_WAY: Final = 30.0  # a delivery may be so old when its process is killed before it was written down
_WINDOW: Final = 90.0  # the lease has to run out (30 s), then it waits its turn
_PATIENCE: Final = 900.0
_WORKERS: Final = ("alert-1", "alert-2")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for half an hour."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.paging")
    parser.add_argument("--store", choices=STORES, action="append", help="default: both")
    parser.add_argument("--findings", type=int, default=FINDINGS_COUNT)
    parser.add_argument("--leaks", type=int, default=LEAKS)
    parser.add_argument("--try", dest="trying", action="store_true", help="leave no evidence")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended on the way out
    planned = plan(leaks=given.leaks, findings=given.findings)
    passed = [_bar(store, planned, given.trying) for store in given.store or STORES]
    return 0 if all(passed) else 1


def _bar(store: str, planned: Plan, trying: bool) -> bool:  # noqa: FBT001 - of the command line
    """Each store leaves evidence of its own: docs/evidence/paging-<store>.json."""
    checks = Checks()
    run = asyncio.run(_run(checks, store, planned))
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}: {result}", flush=True)
    if not trying:
        told = {"findings": len(planned.first), "leaks": planned.leaks, "passes": PASSES, "run": run}
        print(evidence.write(f"{NAME}-{store}", {"passed": checks.passed, "checks": checks.results, **told}))
    return checks.passed


@dataclass(slots=True)
class World:
    """What is there during a run."""

    place: Stage
    fleet: Fleet
    bus: Bus
    hook: Hook
    front: Front
    pager: Pages  # behind the Alertmanager
    kills: list[float] = field(default_factory=list)


async def _run(checks: Checks, store: str, planned: Plan) -> dict[str, Any]:
    before, began = environment_notes(), time.monotonic()
    doors = {
        "webhook": Door(DOWN_EVERY, first=DOWN_EVERY),
        "alertmanager": Door(DOWN_EVERY, first=DOWN_EVERY / 2),
    }
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        pager = await stack.enter_async_context(pages(_keys_of_alertmanager))
        folder = evidence.WORK / NAME / "alertmanager"
        shutil.rmtree(folder, ignore_errors=True)  # it would remember whom it told
        manager = await stack.enter_async_context(Alertmanager(folder, alertmanaged.config(pager.url)))
        hook, front = Hook(), Front(manager.url)
        await stack.enter_async_context(front.ready())
        hook.url = await stack.enter_async_context(listening(hook.receive, doors["webhook"]))
        front.url = await stack.enter_async_context(listening(front.receive, doors["alertmanager"]))
        tables = serviceconfig.webhook(hook.url) + serviceconfig.alertmanager(front.url)
        place = stack.enter_context(stage(NAME, store, tables=tables))
        fleet = stack.enter_context(place.fleet())
        for name in _WORKERS:
            await asyncio.to_thread(fleet.wait_ready, fleet.start(name, "alert"))
        bus = await stack.enter_async_context(place.bus())
        world = World(place, fleet, bus, hook, front, pager)
        shutting = [spawn(door.run(stop), name="door") for door in doors.values()]
        killing = spawn(_kill(world, stop), name="kill")
        await _traffic(world, planned)
        await _reach(world, planned)
        stop.set()
        await asyncio.gather(killing, *shutting)
        await pager.reach(len(planned.alerts()), patience=45.0)  # longer than its group_interval
        await _settled(world)
        await asyncio.to_thread(fleet.stop)
    _judge(checks, store, planned, world)
    return {
        "seconds": round(time.monotonic() - began),
        "kills": len(world.kills),
        "down": {name: round(door.down_seconds / door.seconds, 2) for name, door in doors.items()},
        "requests_cut_off": {name: door.cut_off for name, door in doors.items()},
        "expected": planned.counted(),
        "deliveries": len(hook.deliveries),
        "before": before,
        "after": environment_notes(),
    }


async def _traffic(world: World, planned: Plan) -> None:
    """All passes; between the first and the second some are closed by hand."""
    matcher, producer = Matcher(world.place.key_id), world.bus.producer()
    for number, found in enumerate(planned.passes()):
        for begin in range(0, len(found), _CHUNK):
            at = time.time()
            await producer.send(
                [
                    matcher.finding(planned.leak(each), each.place, at=at)
                    for each in found[begin : begin + _CHUNK]
                ]
            )
        await _drained(world)
        print(f"    pass {number + 1} is read; {_came(world)}", flush=True)
        if number == 0:
            await _close(world, planned)
    await producer.close()


async def _drained(world: World) -> None:
    async with asyncio.timeout(_PATIENCE):
        while any(lag.position < lag.end for lag in (await world.bus.lag("alert", [FINDINGS])).values()):  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def _close(world: World, planned: Plan) -> None:
    """As a person does, one after the other, with the alerters at work."""
    async with open_exposures(world.place.config, clock=time.time) as exposures:
        for number in sorted(planned.closing):
            name = planned.leak(planned.first[0]._replace(leak=number, lower=False)).fingerprint
            while True:
                try:
                    await exposures.close(name, CloseReason.REMOVED, actor="bar", scope=Scope.SEEN)
                    break
                except StoreBusy:
                    continue
    print(f"    {len(planned.closing)} closed", flush=True)


async def _kill(world: World, stop: asyncio.Event) -> None:
    """One of them every ten seconds, as `kill -9` does; it is back a second later."""
    victims = itertools.cycle(_WORKERS)
    while True:
        try:
            async with asyncio.timeout(KILL_EVERY - _DOWN):
                await stop.wait()
                return
        except TimeoutError:
            victim = next(victims)
        world.kills.append(await asyncio.to_thread(world.fleet.kill, victim))
        await asyncio.sleep(_DOWN)
        await asyncio.to_thread(world.fleet.restart, victim)


async def _reach(world: World, planned: Plan) -> None:
    """Until everything that must come has come, or patience is at an end."""
    wanted, alerts = planned.expected().keys(), planned.alerts().keys()
    end, said = time.monotonic() + _PATIENCE, 0.0
    while time.monotonic() < end:
        if wanted <= world.hook.keys and alerts <= world.front.keys.keys():
            return
        if time.monotonic() > said + 10:
            print(f"    {_came(world)}", flush=True)
            said = time.monotonic()
        await asyncio.sleep(0.5)


async def _settled(world: World) -> None:
    """Whatever else is still under way has come, too: nothing new for longer than a lease."""
    count, since = -1, time.monotonic()
    while time.monotonic() < since + 35.0:
        if (now := len(world.hook.deliveries)) != count:
            count, since = now, time.monotonic()
        await asyncio.sleep(0.5)


def _judge(checks: Checks, store: str, planned: Plan, world: World) -> None:
    wanted, came = planned.expected(), world.hook.keys
    checks.add(
        f"{store}: of each opening and state of each leak of ours one key comes to the webhook, and no other",
        came == wanted.keys(),
        wanted=len(wanted),
        came=len(came),
        missing=dict(Counter(change for key, change in wanted.items() if key not in came)),
        strange=dict(Counter(world.hook.changes[key] for key in came - wanted.keys())),
    )
    checks.add(
        f"{store}: each key tells what it must",
        all(world.hook.changes[key] == wanted[key] for key in came & wanted.keys()),
        **planned.counted(),
    )
    again = repeats(world.hook.deliveries, world.kills, under_way=_UNDER_WAY, window=_WINDOW)
    checks.add(
        f"{store}: a key comes again only after a kill",
        not again.unexplained,
        kills=len(world.kills),
        after_a_kill=len(again.explained),
        otherwise=len(again.unexplained),
        examples=again.unexplained[:5],
    )
    alerts, stood = planned.alerts(), world.front.keys
    checks.add(
        f"{store}: each opening stands under one key at the Alertmanager, and nothing else does",
        stood.keys() == alerts.keys(),
        wanted=len(alerts),
        stood=len(stood),
        missing=len(alerts.keys() - stood.keys()),
        strange=len(stood.keys() - alerts.keys()),
    )
    told = set(world.pager.came)
    untold = [keys for keys in planned.openings() if not keys & told]
    checks.add(
        f"{store}: the Alertmanager's receiver is told of each leak, and of nothing else",
        # what ended before the Alertmanager was there again it is told of as ended; what ended and reopened fires without a break
        not untold and told <= alerts.keys(),
        leaks=len(planned.openings()),
        untold=len(untold),
        openings=len(alerts),
        openings_told=len(told),
        strange=len(told - alerts.keys()),
    )
    checks.add(
        f"{store}: nothing ended that was not killed",
        not world.fleet.ended_by_themselves,
        ended=[f"{ended.name}: {ended.status}" for ended in world.fleet.ended_by_themselves],
    )


def _came(world: World) -> str:
    return f"webhook {len(world.hook.keys)}, Alertmanager {len(world.front.keys)}, {len(world.kills)} kills"


def _keys_of_alertmanager(body: Any) -> list[str]:
    return [
        alert["annotations"]["key"]
        for alert in body["alerts"]
        if alert["status"] == "firing" and alert["labels"]["alertname"] == "LeakExposure"
    ]


if __name__ == "__main__":
    sys.exit(main())
