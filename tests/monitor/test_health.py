from contextlib import asynccontextmanager

from browsing import ask
from monitor.health import Health
from monitor.metrics import Metrics


@asynccontextmanager
async def listening():
    metrics = Metrics()
    checks = {}
    health = Health("127.0.0.1", 0, metrics.registry, checks=checks)
    await health.start()
    try:
        yield health, metrics, checks
    finally:
        await health.close()


async def test_metrics():
    async with listening() as (health, metrics, _):
        metrics.exposures_open.labels("critical", "proved").set(3)
        page = await ask("GET", f"{health.address}/metrics")
        assert 'leakstream_exposures_open{owned="proved",severity="critical"} 3.0' in page.text
        assert page.headers["Content-Type"].startswith("text/plain")
        open_metrics = await ask("GET", f"{health.address}/metrics", Accept="application/openmetrics-text")
        assert open_metrics.text.endswith("# EOF\n")


async def test_ready_is_when_every_part_is():
    async with listening() as (health, _, checks):
        assert (await ask("GET", f"{health.address}/readyz")).status == 503
        reasons = ["the disk is full"]
        checks["match"] = lambda: ()
        checks["alert"] = lambda: reasons
        page = await ask("GET", f"{health.address}/readyz")
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
        assert (await ask("GET", f"{health.address}/readyz")).status == 200


async def test_a_broken_check_is_a_reason_and_tells_no_more():
    def broken():
        raise ValueError("hunter2")

    async with listening() as (health, _, checks):
        checks["match"] = broken
        page = await ask("GET", f"{health.address}/readyz")
        assert page.status == 503
        assert "ValueError" in page.text
        assert "hunter2" not in page.text


async def test_it_lives_while_it_is_not_ready():
    async with listening() as (health, _, _):
        assert (await ask("GET", f"{health.address}/healthz")).text == "ok\n"
        assert (await ask("POST", f"{health.address}/healthz")).status == 405


async def test_notes_are_shown_and_keep_nobody_from_work():
    away = ["slack has taken nothing"]
    health = Health(
        "127.0.0.1", 0, Metrics().registry, checks={"alert": lambda: ()}, notes={"telling": lambda: away}
    )
    await health.start()
    try:
        page = await ask("GET", f"{health.address}/readyz")
        assert (page.status, page.json["ready"], page.json["notes"]) == (200, True, away)
        away.clear()
        assert "notes" not in (await ask("GET", f"{health.address}/readyz")).json
    finally:
        await health.close()
