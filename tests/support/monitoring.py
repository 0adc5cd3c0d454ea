"""The real Prometheus and Alertmanager on loopback, and a webhook behind them. Needs nothing running and no root; see `debian`.

Each server is an async context manager: started on free ports in a folder of its own, ready inside the block, ended with it, and
by the kernel when the test process is killed.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import orjson
from aiohttp import web
from yarl import URL

import debian
from browsing import ask
from monitor.listener import Listener

PATIENCE = 120.0  # seconds, for what must happen at last

# the program itself, but ended by the kernel when we are (set in the child: forking code in a process with threads is unsafe)
LEASH = (
    "import os, signal, sys\n"
    "from monitor.hardening import die_with_parent\n"
    "die_with_parent(signal.SIGKILL)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)


def prometheus_program(name: str = "prometheus") -> Path:
    """`prometheus` or `promtool`. Blocks; raises debian.Unavailable."""
    return debian.program("prometheus", name)


def alertmanager_program(*names: str) -> Path:
    """The server, or `amtool`. Blocks; raises debian.Unavailable."""
    return debian.program("prometheus-alertmanager", *(names or ("alertmanager", "prometheus-alertmanager")))


async def until(what: Callable[[], Awaitable[Any]], *, patience: float = PATIENCE) -> Any:
    """The first true answer. Raises TimeoutError."""
    async with asyncio.timeout(patience):
        while True:
            if answer := await what():
                return answer
            await asyncio.sleep(0.05)


class Server:
    """A program that answers HTTP on a free port of 127.0.0.1. `folder` is made if need be and keeps its files and its log."""

    name = ""

    def __init__(self, folder: Path, config: str | Mapping[str, Any], flags: Sequence[str] = ()) -> None:
        """`config`: the file's text, or what it says. Files that it names relatively lie in `folder`."""
        self.folder = folder
        self.url = ""
        self._config = config if isinstance(config, str) else orjson.dumps(config).decode()  # YAML too
        self._flags = tuple(flags)
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        program = await asyncio.to_thread(self.program)
        self.folder.mkdir(parents=True, exist_ok=True)
        if (share := debian.share(program)) and not (self.folder / "share").exists():
            (self.folder / "share").symlink_to(share)
        (self.folder / f"{self.name}.yml").write_text(self._config, encoding="utf-8")
        for _ in range(3):  # somebody may take a free port before the program does
            address = f"127.0.0.1:{free_port()}"
            self.url = f"http://{address}"
            self._process = self._start([program, *self.arguments(address), *self._flags])
            try:
                await until(self._answers)
            except BaseException as error:
                await self.stop()
                if isinstance(error, RuntimeError) and "address already in use" in self.log():
                    continue
                raise
            return self
        raise RuntimeError(f"{self.name} found no free port")

    def _start(self, command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-c", LEASH, *command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """In order, else by force. Idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    async def kill(self) -> None:
        """As a power cut."""
        assert self._process is not None
        self._process.kill()
        await self.stop()

    def reload(self) -> None:
        """Make it read its configuration again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    async def get(self, path: str, **query: str) -> Any:
        """The JSON of an API's answer. Raises AssertionError for anything but 200."""
        page = await ask("GET", str(URL(self.url + path).with_query(query)))
        assert page.status == 200, f"{self.name} {path}: {page.status} {page.text[:500]}"
        return page.json

    async def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended:\n{self.log()[-2000:]}")
        try:
            return (await ask("GET", f"{self.url}/-/ready")).status == 200
        except aiohttp.ClientError:
            return False

    def program(self) -> Path:
        raise NotImplementedError

    def arguments(self, address: str) -> list[str]:
        raise NotImplementedError


class Prometheus(Server):
    """`Prometheus(folder, {"scrape_configs": [...], ...})`."""

    name = "prometheus"

    def program(self) -> Path:
        return prometheus_program()

    def arguments(self, address: str) -> list[str]:
        return [
            "--config.file=prometheus.yml",
            f"--storage.tsdb.path={self.folder / 'tsdb'}",
            f"--web.listen-address={address}",
            f"--web.external-url={self.url}",
            "--rules.alert.resend-delay=1s",  # what fired before it had found its Alertmanagers went nowhere
        ]

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of an instant query, `[{"metric": labels, "value": [time, text]}]`. Raises AssertionError: it is wrong."""
        answer = await self.get("/api/v1/query", query=expression)
        result = answer["data"]["result"]
        return result if isinstance(result, list) else [result]

    async def value(self, expression: str) -> float | None:
        """The one number of an instant query; None where there is none."""
        found = await self.query(expression)
        assert len(found) <= 1, f"{expression}: {len(found)} series"
        return float(found[0]["value"][1]) if found else None

    async def alerts(self, state: str = "firing") -> list[dict[str, Any]]:
        """Alerts of the rules, `firing` or `pending`."""
        answer = await self.get("/api/v1/alerts")
        return [alert for alert in answer["data"]["alerts"] if alert["state"] == state]

    async def targets(self) -> list[dict[str, Any]]:
        """The targets scraped, with `health` and `labels`."""
        return list((await self.get("/api/v1/targets"))["data"]["activeTargets"])

    async def alertmanagers(self) -> list[str]:
        """URLs of the Alertmanagers that it sends to."""
        answer = await self.get("/api/v1/alertmanagers")
        return [str(found["url"]) for found in answer["data"]["activeAlertmanagers"]]


class Alertmanager(Server):
    """`Alertmanager(folder, config)`; with `peers` (other ones' `cluster`, or `[]` for the first) a member of a cluster."""

    name = "alertmanager"

    def __init__(
        self,
        folder: Path,
        config: str | Mapping[str, Any],
        flags: Sequence[str] = (),
        *,
        peers: Sequence[str] | None = None,
    ) -> None:
        super().__init__(folder, config, flags)
        self.cluster = ""  # its address in the cluster
        self._peers = peers

    def program(self) -> Path:
        return alertmanager_program()

    def arguments(self, address: str) -> list[str]:
        given = [
            "--config.file=alertmanager.yml",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address={address}",
            f"--web.external-url={self.url}",
        ]
        if self._peers is None:
            return [*given, "--cluster.listen-address="]
        self.cluster = f"127.0.0.1:{free_port()}"
        return [
            *given,
            f"--cluster.listen-address={self.cluster}",
            f"--cluster.advertise-address={self.cluster}",
            "--cluster.settle-timeout=2s",
            "--cluster.gossip-interval=50ms",
            "--cluster.pushpull-interval=2s",
            "--cluster.peer-timeout=2s",
            *(f"--cluster.peer={peer}" for peer in self._peers),
        ]

    async def alerts(self, *matchers: str) -> list[dict[str, Any]]:
        """What it knows of, API v2; `matchers` such as `alertname="LeakExposure"`."""
        query = [("filter", matcher) for matcher in matchers]
        page = await ask("GET", str(URL(f"{self.url}/api/v2/alerts").with_query(query)))
        assert page.status == 200, page.text
        return list(page.json)

    async def members(self) -> int:
        """How many peers its cluster has, itself included; 0 without a cluster."""
        return len((await self.get("/api/v2/status"))["cluster"].get("peers", []))


@asynccontextmanager
async def alertmanager_pair(
    folder: Path, config: str | Mapping[str, Any]
) -> AsyncIterator[tuple[Alertmanager, Alertmanager]]:
    """Two of one cluster, each in a folder of its own, that have found each other."""
    async with (
        Alertmanager(folder / "first", config, peers=[]) as first,
        Alertmanager(folder / "second", config, peers=[first.cluster]) as second,
    ):

        async def met() -> bool:
            return await first.members() == await second.members() == 2

        await until(met)
        yield first, second


@dataclass(frozen=True)
class Hook:
    """One POST of an Alertmanager's webhook receiver. `body` is its JSON: `status`, `groupKey`, `groupLabels`, `alerts` …"""

    path: str
    body: dict[str, Any] = field(repr=False)
    at: float = 0.0  # time.monotonic

    def alerts(self, status: str = "firing") -> list[dict[str, Any]]:
        return [alert for alert in self.body["alerts"] if alert["status"] == status]


class Hooks:
    """`async with hooks() as h`: takes every POST, and answers 200."""

    def __init__(self) -> None:
        self.url = ""  # any path under it is taken
        self.received: list[Hook] = []

    def alerts(self, status: str = "firing", path: str | None = None) -> list[dict[str, Any]]:
        """Every alert of that status in every POST, repeats included."""
        return [alert for hook in self.received if path in (None, hook.path) for alert in hook.alerts(status)]

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(Hook(request.path, orjson.loads(await request.read()), time.monotonic()))
        return web.Response()


@asynccontextmanager
async def hooks() -> AsyncIterator[Hooks]:
    taken = Hooks()
    app = web.Application(client_max_size=16 * 1024**2)
    app.add_routes([web.post("/{path:.*}", taken.take)])
    listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
    taken.url = listener.url
    try:
        yield taken
    finally:
        await listener.close()


def free_port() -> int:
    """Free a moment ago, for TCP; a program that finds it taken says so."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
