"""A service that is running already, and ports that somebody else has."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from doctoring import failed, looked, named, one, warned
from monitor.app import Stage, load_config
from monitor.commands.doctor import Outcome, service
from monitor.config import Config
from monitor.listener import Listener
from monitor.version import version
from whole_service import configure, running


def at(config: Config, port: int) -> Config:
    return replace(config, metrics=config.metrics.model_copy(update={"port": port}))


async def test_free_ports_are_told(tmp_path: Path) -> None:
    found = await looked(service.look, load_config(configure(tmp_path, ""), {}))
    assert {one(found, name).outcome for name in ("console", "metrics")} == {Outcome.OK}


async def test_a_port_that_somebody_else_has_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path = configure(tmp_path, "")
        path.write_text(path.read_text().replace("[web]\nport = 0", f"[web]\nport = {port}"))
        failed(
            one(await looked(service.look, load_config(path, {})), "console"),
            f"127.0.0.1:{port}",
            "web.port",
            "ss -ltnp",
        )


async def test_a_running_service_is_asked_how_it_is_instead_of_warned_of(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, ""), {})
    async with running(config, stages=frozenset({Stage.ALERT})) as run:
        port = int(run.addresses.health.rpartition(":")[2])

        async def ready() -> bool:
            return (await run.health("/readyz")).status == 200

        await run.until(ready)
        found = await looked(service.look, at(config, port))
        assert one(found, "service").outcome is Outcome.OK
        assert f"running at 127.0.0.1:{port}" in one(found, "service").found
        assert named(found, "metrics") == named(found, "console") == []


async def stand_in(state: object, metrics: str) -> Listener:
    """Who answers as a service does that is in trouble, or of another version."""

    async def readyz(_: web.Request) -> web.Response:
        return web.json_response(state)

    async def told(_: web.Request) -> web.Response:
        return web.Response(text=metrics)

    app = web.Application()
    app.add_routes([web.get("/readyz", readyz), web.get("/metrics", told)])
    return await Listener.open(app, "127.0.0.1", 0, grace=0.1)


async def test_what_a_service_says_is_wrong_is_said_again(tmp_path: Path) -> None:
    state = {
        "ready": False,
        "parts": {"match": {"ready": False, "reasons": ["the disk is full\x1b[2J"]}},
        "notes": ["slack cannot be reached"],
    }
    listener = await stand_in(state, 'leakstream_build_info{version="0.0.1",python="3"} 1.0\n')
    try:
        port = int(listener.url.rpartition(":")[2])
        other, broken, note = named(
            await looked(service.look, at(load_config(configure(tmp_path, ""), {}), port)), "service"
        )
        warned(other, "0.0.1 is running", version(), "restart")
        failed(broken, "match: the disk is full\\x1b[2J", "docs/runbooks/")
        warned(note, "slack cannot be reached")
    finally:
        await listener.close()


async def test_the_time_to_page_is_what_the_service_measured(tmp_path: Path) -> None:
    def metrics(seconds: float) -> str:
        return (
            "# TYPE leakstream_publish_to_notify_seconds histogram\n"
            f'leakstream_publish_to_notify_seconds_bucket{{le="+Inf"}} 2\n'
            f"leakstream_publish_to_notify_seconds_sum {seconds}\nleakstream_publish_to_notify_seconds_count 2\n"
            "# TYPE leakstream_selftest_seconds histogram\n"
            'leakstream_selftest_seconds_bucket{le="+Inf"} 4\n'
            "leakstream_selftest_seconds_sum 2.0\nleakstream_selftest_seconds_count 4\n"
        )

    state = {"ready": True, "parts": {"alert": {"ready": True, "reasons": []}}}
    for seconds, outcome in ((6.0, Outcome.OK), (600.0, Outcome.WARN)):
        listener = await stand_in(state, metrics(seconds))
        try:
            port = int(listener.url.rpartition(":")[2])
            config = at(load_config(configure(tmp_path, ""), {}), port)
            pages, canaries = named(await looked(service.look, config), "time to page")
        finally:
            await listener.close()
        assert (pages.outcome, f"{seconds / 2:.1f} s on average of the 2 pages" in pages.found) == (
            outcome,
            True,
        )
        assert "0.5 s to alerting on average of the self-test's 4 canaries" in canaries.found


async def test_somebody_else_who_answers_http_is_no_service(tmp_path: Path) -> None:
    listener = await stand_in(["no object"], "")
    try:
        port = int(listener.url.rpartition(":")[2])
        failed(
            one(await looked(service.look, at(load_config(configure(tmp_path, ""), {}), port)), "metrics"),
            "not leakstream",
        )
    finally:
        await listener.close()
