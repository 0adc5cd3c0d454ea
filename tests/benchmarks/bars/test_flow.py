import asyncio
from types import SimpleNamespace

import pytest
from aiohttp import web
from prometheus_client import generate_latest

from benchmarks.bars.flow import Flow, Look, counted
from monitor.listener import Listener
from monitor.metrics import Metrics


async def test_what_all_processes_counted_is_added_up():
    metrics = Metrics()
    metrics.documents.labels("ingest").inc(7)
    metrics.bus_records.labels("match", "documents.v1").inc(5)
    metrics.bus_records.labels("alert", "findings.v1").inc(2)
    metrics.findings.labels("a-rule").inc(2)
    metrics.findings.labels("b-rule").inc(1)
    metrics.scanned_bytes.inc(1_234_567_891)
    metrics.dropped.labels("match", "word").inc(4)
    metrics.bus_lost.labels("match", "documents.v1").inc(3)

    async def answer(_):
        return web.Response(body=generate_latest(metrics.registry))

    app = web.Application()
    app.add_routes([web.get("/metrics", answer)])
    listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
    port = int(listener.url.rpartition(":")[2])
    fleet = SimpleNamespace(members={"one": SimpleNamespace(metrics_port=port)})
    try:
        found = await asyncio.to_thread(counted, fleet)
    finally:
        await listener.close()
    assert (found.collected, found.matched, found.alerted, found.found) == (7, 5, 2, 3)
    assert found.scanned_bytes == 1_234_567_891
    assert found.dropped == {'reason="word",stage="match"': 4}
    assert found.lost == {'group="match",topic="documents.v1"': 3}


def look(at, documents, lag, cpu):
    return Look(at, documents, {"match": lag}, {"match": cpu})


def test_lag_and_costs_leave_the_beginning_out():
    flow = Flow(SimpleNamespace(members={}), lambda: 0.0)
    flow.looks = [look(0.0, 0, 9999, 50.0)] + [
        look(20.0 + n, 1000 * n, 100 + 10 * n, 60.0 + 0.05 * n) for n in range(11)
    ]
    assert flow.lags() == {"match": {"median": 150, "p95": 195, "max": 200, "growth": 100.0}}
    assert flow.costs()["cpu_us_a_document"] == {"match": 50.0}
    assert flow.costs()["cpu_of_one_core"]["match"] == pytest.approx(0.05)
