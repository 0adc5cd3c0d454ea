import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from collecting import serving
from monitor.aio import spawn
from monitor.alerting.telling.heartbeat import Heartbeat, HeartbeatSettings
from monitor.http import HttpClient
from monitor.metrics import Metrics

PATH = "/ping/a-secret-of-the-tests"


class Switch:
    """A dead-man switch that answers `statuses`, then 200."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.asked = []
        self.hold = None

    async def answer(self, request):
        self.asked.append((request.method, request.path))
        if self.hold is not None:
            await self.hold.wait()
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, text="OK" * 50_000)


class Run:
    def __init__(self, heartbeat, metrics):
        self.heartbeat = heartbeat
        self._metrics = metrics

    def count(self, outcome):
        return self._metrics.registry.get_sample_value("leakstream_heartbeats_total", {"outcome": outcome})

    async def until(self, what):
        async with asyncio.timeout(120):
            while not what():  # noqa: ASYNC110 - a counter rings no bell
                await asyncio.sleep(0.01)

    async def beat(self, outcome):
        """One heartbeat, until it has become one more `outcome`."""
        before = self.count(outcome) or 0
        self.heartbeat.beat()
        await self.until(lambda: self.count(outcome) == before + 1)


@asynccontextmanager
async def beating(url, *, allow=("127.0.0.1",), timeout=5.0):
    metrics, stop = Metrics(), asyncio.Event()
    async with HttpClient(user_agent="leakstream test", allow_private=allow) as http:
        heartbeat = Heartbeat(http, url, metrics, timeout=timeout)
        task = spawn(heartbeat.run(stop), name="heartbeat")
        yield Run(heartbeat, metrics)
        stop.set()
        async with asyncio.timeout(120):
            await task


async def test_one_plain_get_for_a_success_and_nothing_without_one():
    switch = Switch()
    async with serving(switch.answer) as base, beating(base + PATH) as run:
        await asyncio.sleep(0.05)
        assert (switch.asked, run.count("delivered")) == ([], 0)
        await run.beat("delivered")
        await run.beat("delivered")
    assert switch.asked == [("GET", PATH)] * 2


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (500, "server_error"),
        (429, "rate_limited"),
        (404, "client_error"),
        (403, "unauthorized"),
        (410, "gone"),
    ],
)
async def test_a_refusal_is_counted_and_the_next_success_tries_again(status, outcome):
    switch = Switch(status)
    async with serving(switch.answer) as base, beating(base + PATH) as run:
        await run.beat(outcome)
        await run.beat("delivered")
    assert len(switch.asked) == 2


async def test_one_that_is_away_private_or_slow_never_ends_it(capsys):
    async with beating("http://127.0.0.1:9" + PATH) as run:
        await run.beat("unreachable")
        await run.beat("unreachable")
    async with serving(Switch().answer) as base, beating(base + PATH, allow=()) as run:
        await run.beat("refused_address")
    slow = Switch()
    slow.hold = asyncio.Event()
    async with serving(slow.answer) as base, beating(base + PATH, timeout=0.05) as run:
        await run.beat("timeout")
        slow.hold.set()
    told = capsys.readouterr()
    assert "heartbeat failed" in told.out + told.err
    assert "a-secret-of-the-tests" not in told.out + told.err


async def test_what_comes_while_one_is_under_way_is_one_more():
    switch = Switch()
    switch.hold = asyncio.Event()
    async with serving(switch.answer) as base, beating(base + PATH) as run:
        run.heartbeat.beat()
        await run.until(lambda: switch.asked)
        for _ in range(100):
            run.heartbeat.beat()
        switch.hold.set()
        await run.until(lambda: run.count("delivered") == 2)
        await asyncio.sleep(0.05)
    assert len(switch.asked) == 2


def test_the_address_is_a_secret_that_may_stand_in_a_file(tmp_path):
    file = tmp_path / "url"
    file.write_text("https://switch.example/secret\n")
    assert HeartbeatSettings().address() == ""
    assert HeartbeatSettings(url_file=file).address() == "https://switch.example/secret"
    inline = HeartbeatSettings(url=SecretStr("https://switch.example/secret"))
    assert inline.address() == "https://switch.example/secret"
    assert "switch.example" not in repr(inline) + inline.model_dump_json()
    with pytest.raises(ValidationError, match="not both"):
        HeartbeatSettings(url=SecretStr("https://a.example"), url_file=file)
    file.write_text("\n")
    with pytest.raises(ValueError, match="url is empty"):
        HeartbeatSettings(url_file=file).address()
    for wrong in ("switch.example/secret", "ftp://switch.example/secret"):
        with pytest.raises(ValueError, match="https://") as caught:
            HeartbeatSettings(url=SecretStr(wrong)).address()
        assert "secret" not in str(caught.value)


async def test_nothing_is_sent_while_nobody_can_be_told():
    switch = Switch()
    async with serving(switch.answer) as base, beating(base + PATH) as run:
        run.heartbeat.beat(["no notifier can be reached"])
        assert run.count("nobody_told") == 1
        await run.beat("delivered")
        assert len(switch.asked) == 1
