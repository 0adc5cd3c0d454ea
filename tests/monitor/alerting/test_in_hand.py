"""From the click "I have it in hand" to PagerDuty: an incident is triggered, acknowledged and resolved under one key."""

import asyncio
import time
from dataclasses import replace

import orjson
import pytest

from alerting_samples import exposure, fingerprint, open_store, put
from monitor.aio import spawn
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.fold import Route, tellings
from monitor.alerting.notifiers.base import Change
from monitor.alerting.notifiers.pagerduty import PLUGIN
from monitor.alerting.policy.table import Action
from monitor.alerting.telling.channel import Channel
from monitor.alerting.telling.outbox import Deliverer
from monitor.metrics import Metrics
from monitor.store import outbox
from monitoring import until
from notifier_samples import receiver, tools

NAME = "pagerduty"
pytestmark = pytest.mark.usefixtures("each_store")


async def test_the_pager_stops_waking_people(tmp_path):
    store, stop, metrics = await open_store(tmp_path), asyncio.Event(), Metrics()
    route = Route(NAME, acknowledges=PLUGIN.settings.acknowledges)
    async with receiver() as (url, answer), tools(tmp_path) as plain:
        answer.status, answer.text = 202, '{"status": "success"}'
        pager = PLUGIN.build(
            PLUGIN.settings(url=url, routing_key="synthetic"), replace(plain, clock=time.time)
        )
        deliverer = Deliverer(store, [Channel(NAME, pager)], metrics, clock=time.time)
        people = Exposures(store, metrics, clock=time.time, routes=[route], on_told=deliverer.wake)
        job = spawn(deliverer.run(stop), name="deliver")

        async def told(count):
            await until(lambda: asyncio.sleep(0, len(answer.requests) == count))

        row = exposure(opened_at=time.time())
        await put(store, row)
        async with store.write() as connection:
            await outbox.enqueue(
                connection, tellings(row, Change.OPENED, Action.PAGE, [NAME], now=time.time())
            )
        deliverer.wake()
        await told(1)
        await people.acknowledge(fingerprint("a"), actor="ann")
        await told(2)
        await people.close(fingerprint("a"), "revoked", actor="ann")
        await told(3)
        stop.set()
        await job
    events = [orjson.loads(body) for _, body in answer.requests]
    assert [each["event_action"] for each in events] == ["trigger", "acknowledge", "resolve"]
    assert {each["dedup_key"] for each in events} == {fingerprint("a")[:32]}
    await store.close()
