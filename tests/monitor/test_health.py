from contextlib import asynccontextmanager

from browsing import ask
from monitor.health import Health
from monitor.metrics import Metrics


@asynccontextmanager
async def listening():
    metrics = Metrics()
    health = Health(metrics.registry, port=0)
    await health.start()
    try:
        yield health, metrics
    finally:
        await health.stop()


async def test_metrics():
    async with listening() as (health, metrics):
        metrics.exposures_open.labels("critical", "proved").set(3)
        page = await ask("GET", f"{health.url}/metrics")
        assert 'leakstream_exposures_open{owned="proved",severity="critical"} 3.0' in page.text
        assert page.headers["Content-Type"].startswith("text/plain")
        open_metrics = await ask("GET", f"{health.url}/metrics", Accept="application/openmetrics-text")
        assert open_metrics.text.endswith("# EOF\n")


async def test_ready_is_when_every_part_is():
    async with listening() as (health, _):
        assert (await ask("GET", f"{health.url}/readyz")).status == 503
        reasons = ["the disk is full"]
        health.register("match", lambda: ())
        health.register("alert", lambda: reasons)
        page = await ask("GET", f"{health.url}/readyz")
        assert (page.status, page.json) == (
            503,
            {
                "ready": False,
                "parts": {
                    "match": {"ready": True, "reasons": []},
                    "alert": {"ready": False, "reasons": ["the disk is full"]},
                },
            },
        )
        reasons.clear()
        assert (await ask("GET", f"{health.url}/readyz")).status == 200


async def test_a_broken_check_is_a_reason_and_tells_no_more():
    def broken():
        raise ValueError("hunter2")

    async with listening() as (health, _):
        health.register("match", broken)
        page = await ask("GET", f"{health.url}/readyz")
        assert page.status == 503
        assert "ValueError" in page.text
        assert "hunter2" not in page.text


async def test_it_lives_while_it_is_not_ready():
    async with listening() as (health, _):
        assert (await ask("GET", f"{health.url}/healthz")).text == "ok\n"
        assert (await ask("POST", f"{health.url}/healthz")).status == 405
