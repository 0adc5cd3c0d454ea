"""From the outbox through the real Alertmanager to a webhook behind it: once, again and again, and to the end."""

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web

from alerting_samples import exposure, fingerprint, open_store, put
from browsing import ask
from monitor.aio import spawn
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.exposures.states import idempotency_key
from monitor.alerting.fold import Route, tellings
from monitor.alerting.notifiers.alertmanager import PLUGIN
from monitor.alerting.notifiers.base import Change
from monitor.alerting.policy.table import Action
from monitor.alerting.telling.channel import Channel
from monitor.alerting.telling.outbox import Deliverer
from monitor.alerting.telling.reconciler import Reconciler
from monitor.listener import Listener
from monitor.metrics import Metrics
from monitor.store import outbox
from monitoring import Alertmanager, alertmanager_pair, hooks, until
from notifier_samples import tools

pytestmark = pytest.mark.usefixtures("each_store")

CONSOLE = "https://leaks.acme.example"
NAME = "alertmanager"
ROUTE = Route(NAME)


def config(hook):
    return {
        "route": {
            "receiver": "hook",
            "group_by": ["incident"],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "1h",
        },
        "receivers": [{"name": "hook", "webhook_configs": [{"url": f"{hook}/page"}]}],
    }


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


@asynccontextmanager
async def service(store, folder, *urls, holder="a"):
    """Deliverer and reconciler as one process has them; the notifier too."""
    async with tools(folder) as plain:
        tool = replace(plain, clock=time.time)
        notifier = PLUGIN.build(PLUGIN.settings(urls=urls, resend_seconds=1, hold_seconds=300), tool)
        stop, metrics = asyncio.Event(), Metrics()
        deliverer = Deliverer(store, [Channel(NAME, notifier)], metrics, clock=time.time, console=CONSOLE)
        reconciler = Reconciler(
            store, [(notifier, ROUTE)], metrics, clock=time.time, holder=holder, console=CONSOLE
        )
        tasks = [spawn(job.run(stop), name="job") for job in (deliverer, reconciler)]
        try:
            yield metrics
        finally:
            stop.set()
            await asyncio.gather(*tasks)


async def leak(store, names, *, repositories=1):
    """Open exposures, told as pages; their keys."""
    now = time.time()
    rows = [
        exposure(name, repository=f"acme/{number % repositories}", opened_at=now)
        for number, name in enumerate(names)
    ]
    await put(store, *rows)
    async with store.write() as connection:
        told = [t for row in rows for t in tellings(row, Change.OPENED, Action.PAGE, [NAME], now=now)]
        await outbox.enqueue(connection, told)
    return {row.id[:32]: idempotency_key(row, Change.OPENED) for row in rows}


async def close(store, name):
    exposures = Exposures(store, Metrics(), clock=time.time, routes=[ROUTE])
    await exposures.close(fingerprint(name), "revoked", actor="test")


async def rounds(metrics, count):
    """So many more rounds of the reconciler."""

    def done():
        labels = {"notifier": NAME, "outcome": "restated"}
        return metrics.registry.get_sample_value("leakstream_reconciler_rounds_total", labels) or 0

    goal = done() + count

    async def reached():
        return done() >= goal

    await until(reached)


def keys(told, status="firing"):
    return {alert["labels"]["exposure"]: alert["annotations"]["key"] for alert in told.alerts(status)}


async def test_500_pages_each_with_one_key_however_often_we_say_them_and_start_again(store, tmp_path):
    async with hooks() as told, Alertmanager(tmp_path / "am", config(told.url)) as manager:

        async def all_told():
            return len(keys(told)) == 500

        expected = await leak(store, [str(n) for n in range(500)], repositories=50)
        async with service(store, tmp_path, manager.url):
            await until(all_told)
        for holder in "bc":
            async with service(store, tmp_path, manager.url, holder=holder) as metrics:
                await rounds(metrics, 1)
        assert keys(told) == expected
        distinct = {(a["labels"]["exposure"], a["annotations"]["key"]) for a in told.alerts()}
        assert len(distinct) == 500
        assert {a["labels"]["incident"] for a in told.alerts()} == {f"acme/{n}" for n in range(50)}
        assert {a["generatorURL"] for a in told.alerts()} == {
            f"{CONSOLE}/exposures/{fingerprint(str(n))}" for n in range(500)
        }
        assert told.alerts("resolved") == []
        seen = len(told.received)
        async with service(store, tmp_path, manager.url, holder="d") as metrics:
            await rounds(metrics, 2)
        assert len(told.received) == seen  # said again, and nobody was told twice
        assert len(await manager.alerts('alertname="LeakExposure"')) == 500


async def test_hostile_texts_are_taken_as_they_are_shown(store, tmp_path):
    evil = "a\u202eb\x00\n{{ template }} <@x> \U0001f480 " + "\u0301" * 300
    async with Alertmanager(tmp_path / "am", config("http://127.0.0.1:1")) as manager:
        row = exposure("a", provider=evil, rule="", title=evil, path=evil, repository=evil, preview=evil)
        await put(store, row)
        async with store.write() as connection:
            told = tellings(row, Change.OPENED, Action.PAGE, [NAME], now=time.time())
            await outbox.enqueue(connection, told)
        async with service(store, tmp_path, manager.url):
            await until(manager.alerts)
        (alert,) = await manager.alerts()
        assert "rule" not in alert["labels"]
        assert alert["labels"]["incident"].startswith("a\\u202eb\\x00\\x0a{{ template }}")


async def test_a_close_resolves_and_a_reopening_pages_again(store, tmp_path):
    async with hooks() as told, Alertmanager(tmp_path / "am", config(told.url)) as manager:
        (key,) = (await leak(store, ["a"])).values()
        async with service(store, tmp_path, manager.url) as metrics:

            async def firing():
                return keys(told) and len(await manager.alerts()) == 1

            async def resolved():
                return keys(told, "resolved")

            async def again():
                return set(keys(told).values()) - {key}

            await until(firing)
            await close(store, "a")
            await until(resolved)
            await rounds(metrics, 2)
            assert await manager.alerts() == []
            assert Counter(a["status"] for hook in told.received for a in hook.body["alerts"]) == {
                "firing": 1,
                "resolved": 1,
            }
            exposures = Exposures(store, Metrics(), clock=time.time, routes=[ROUTE])
            await exposures.reopen(fingerprint("a"), actor="test")
            await until(again)
            (alert,) = await manager.alerts()
            assert alert["labels"]["opening"] == "2"


@asynccontextmanager
async def gate(server):
    """(its URL, an event): passes POSTs on to the server while the event is set, else answers 503."""
    through = asyncio.Event()

    async def handle(request):
        if not through.is_set():
            return web.Response(status=503)
        page = await ask(
            "POST", server.url + request.path, data=await request.read(), Content_Type="application/json"
        )
        return web.Response(status=page.status)

    app = web.Application(client_max_size=16 * 1024**2)
    app.add_routes([web.post("/{path:.*}", handle)])
    listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
    try:
        yield listener.url, through
    finally:
        await listener.close()


async def test_a_peer_that_was_away_at_the_close_is_caught_up(store, tmp_path):
    async with (
        hooks() as told,
        alertmanager_pair(tmp_path / "am", config(told.url)) as (first, second),
        gate(second) as (url, through),
    ):
        through.set()
        expected = await leak(store, ["a", "b"])
        async with service(store, tmp_path, first.url, url) as metrics:

            async def everywhere():
                both = [len(await peer.alerts()) for peer in (first, second)]
                return both == [2, 2] and len(keys(told)) == 2

            async def closed_at(peer):
                return len(await peer.alerts()) == 1

            await until(everywhere)
            through.clear()
            await close(store, "a")
            await until(lambda: closed_at(first))
            await rounds(metrics, 2)
            assert len(await second.alerts()) == 2  # it knows nothing of it yet
            through.set()
            await until(lambda: closed_at(second))
            assert keys(told) == expected


async def test_one_peer_is_enough_to_page(store, tmp_path):
    async with (
        hooks() as told,
        alertmanager_pair(tmp_path / "am", config(told.url)) as (first, second),
        gate(second) as (url, through),
    ):
        expected = await leak(store, ["a"])
        async with service(store, tmp_path, first.url, url):

            async def everywhere():
                return len(await second.alerts()) == 1

            await until(lambda: told_all(told, expected))
            assert await second.alerts() == []
            through.set()
            await until(everywhere)
        assert keys(told) == expected


async def told_all(told, expected):
    return keys(told) == expected
