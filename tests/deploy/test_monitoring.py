"""The servers that other tests stand on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

import debian
from browsing import ask
from monitoring import Alertmanager, Prometheus, alertmanager_pair, hooks, until

ROUTES = {
    "route": {"receiver": "hook", "group_wait": "0s", "group_interval": "1s", "group_by": ["alertname"]},
    "receivers": [{"name": "hook", "webhook_configs": [{"url": "http://127.0.0.1:1/"}]}],
}


async def post(server: Alertmanager, name: str) -> None:
    alert = {"labels": {"alertname": name}, "startsAt": datetime.now(UTC).isoformat()}
    page = await ask(
        "POST", f"{server.url}/api/v2/alerts", data=orjson.dumps([alert]), Content_Type="application/json"
    )
    assert page.status == 200, page.text


async def test_prometheus_scrapes_itself(tmp_path: Path) -> None:
    async with Prometheus(tmp_path / "p", {"global": {"scrape_interval": "1s"}}) as server:
        assert await server.value("vector(3)") == 3
        assert await server.targets() == []
        pid = server.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_wrong_configuration_is_said_with_the_log(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="unknown_key"):
        async with Prometheus(tmp_path / "p", {"unknown_key": 1}):
            pass


async def test_a_pair_tells_once_what_both_were_told(tmp_path: Path) -> None:
    async with hooks() as told:
        config = {**ROUTES, "receivers": [{"name": "hook", "webhook_configs": [{"url": told.url + "/x"}]}]}
        async with alertmanager_pair(tmp_path, config) as pair:
            for server in pair:
                await post(server, "Both")

            async def arrived() -> bool:
                return bool(told.alerts(path="/x"))

            await until(arrived)
            assert [len(await server.alerts('alertname="Both"')) for server in pair] == [1, 1]
            assert [alert["labels"]["alertname"] for alert in told.alerts()] == ["Both"]


async def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import asyncio, os, sys; from pathlib import Path; from monitoring import Prometheus\n"
        "async def main():\n"
        "    server = await Prometheus(Path(sys.argv[1]), {}).__aenter__()\n"
        "    print(server.pid, flush=True); os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())"
    )
    path = os.pathsep.join(sys.path)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-P", "-c", code, tmp_path / "p"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert done.stdout.strip(), done.stderr
    pid = int(done.stdout)
    async with asyncio.timeout(120):
        while _lives(pid):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0.05)


def _lives(pid: int) -> bool:
    """Not gone, and no zombie either."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def test_what_cannot_be_had_fails_with_advice() -> None:
    with pytest.raises(debian.Unavailable, match=r"(?s)leakstream-no-such.*cannot be fetched.*PATH"):
        debian.program("leakstream-no-such-package", "leakstream-no-such-program")
