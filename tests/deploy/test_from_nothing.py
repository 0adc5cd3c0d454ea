"""From nothing to a page: the wheel in a clean environment, a configuration of init, the real Prometheus and Alertmanager with the files of
deploy/, a leak in the small internet, the page at a webhook, and its link in a browser. Nothing is replaced but addresses.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from browsing import ask
from chromium import browser, page
from deployed import routing, scraping
from installed import environment, wheel
from leaks import leak
from monitor.simulator.model import Planted
from monitor.simulator.server import Simulator, SimulatorConfig
from monitoring import Alertmanager, Prometheus, free_port, hooks, until

OURS = "acme-corp"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nothing")
    return environment(folder / "environment", wheel(folder))


def planting() -> Iterator[Planted]:
    """Two leaks of two kinds, so that a link may lead to the wrong one."""
    for rule in ("github-pat-classic", "gitlab-pat"):
        secret = leak(1, rule)
        yield Planted(rule, secret, b'token = "' + secret + b'"\n')


class Service:
    """`leakstream` out of the clean environment, in a folder of its own, with nothing of ours in its surroundings."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self.web, self.metrics = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.web}"
        self._program = programs / "leakstream"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LEAKSTREAM_WEB__PORT": str(self.web),
            "LEAKSTREAM_METRICS__PORT": str(self.metrics),
        }

    def at(self, github: str) -> None:
        """The small internet in place of the large one."""
        self._environment |= {
            "LEAKSTREAM_SOURCES__GITHUB_EVENTS__BASE_URL": github,
            "LEAKSTREAM_SOURCES__GITHUB_EVENTS__POLL_SECONDS": "1",
        }

    async def call(self, *arguments: str) -> tuple[int, str]:
        """Exit status and output."""
        process = await asyncio.create_subprocess_exec(
            self._program,
            *arguments,
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ready within; ended in order after it."""
        with (self.folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                self._program, "run", cwd=self.folder, env=self._environment, stdout=log, stderr=log
            )

        async def ready() -> bool:
            assert process.returncode is None, self.log()
            try:
                return (await ask("GET", f"http://127.0.0.1:{self.metrics}/readyz")).status == 200
            except aiohttp.ClientError:
                return False

        try:
            await until(ready)
            yield
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0, self.log()
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4000:]


# where `make test` built no wheel and nothing is in the cache yet, half of the time is waiting for these
@pytest.mark.timeout(300)
async def test_from_nothing_to_a_page_whose_link_opens_the_right_exposure(
    tmp_path: Path, programs: Path
) -> None:
    planted = planting()
    simulator = Simulator(
        SimulatorConfig(seed=11, poll_interval=1, late_ratio=0.0), maker=lambda _rng: next(planted)
    )
    await simulator.start()
    service = Service(programs, tmp_path / "service")
    service.folder.mkdir()
    try:
        async with (
            hooks() as told,
            Alertmanager(tmp_path / "am", routing(tmp_path / "am", told)) as alertmanager,
            Prometheus(
                tmp_path / "p", scraping(tmp_path / "p", f"127.0.0.1:{service.metrics}", alertmanager.url)
            ) as prometheus,
        ):
            status, said = await service.call(
                *("init", "--organisation", OURS, "--source", "github_events"),
                *("--notify", f"alertmanager={alertmanager.url}", "--external-url", service.url),
            )
            assert status == 0, said
            (service.folder / "github.token").write_text("a-token-of-the-tests\n")
            (service.folder / "github.token").chmod(0o600)
            service.at(simulator.github_url)
            async with service.running():
                places = [simulator.publisher.leak(simulator.clock(), watched="owner") for _ in range(2)]
                assert {place.owner for place in places} == {OURS}

                async def paged() -> bool:
                    return len({alert["fingerprint"] for alert in told.alerts(path="/leak-pages")}) == 2

                await until(paged)
                alerts = {alert["labels"]["rule"]: alert for alert in told.alerts(path="/leak-pages")}
                assert alerts.keys() == {"github-pat-classic", "gitlab-pat"}
                await links_lead_there(service, alerts)

                async def watched() -> bool:
                    """Prometheus scrapes it by the shipped rules, and its Watchdog goes the same way."""
                    return (
                        bool(told.alerts(path="/dead-man"))
                        and await prometheus.value('sum(leakstream_exposures_open{severity=~".+"})') == 2
                    )

                await until(watched)
                await the_doctor_finds_it_running(service)
    finally:
        await simulator.stop()


async def links_lead_there(service: Service, alerts: dict[str, dict[str, Any]]) -> None:
    """In a browser, each to its own exposure and to no other."""
    async with browser() as chromium, page(chromium) as tab:
        for rule, alert in alerts.items():
            link = alert["generatorURL"]
            assert link.startswith(f"{service.url}/exposures/"), link
            status, said = await service.call("exposures", "show", link.rpartition("/")[2], "--json")
            assert status == 0, said
            exposure = orjson.loads(said)
            assert exposure["what"]["rule"] == rule
            answer = await tab.goto(link)
            assert answer is not None
            assert answer.status == 200
            shown = await tab.inner_text("main")
            assert exposure["what"]["title"] in shown
            assert exposure["what"]["title"] in await tab.title()
            assert exposure["id"][:8] in shown
            assert alert["annotations"]["preview"] in shown
            for other in alerts.keys() - {rule}:
                assert alerts[other]["annotations"]["preview"] not in shown


async def the_doctor_finds_it_running(service: Service) -> None:
    status, said = await service.call("doctor", "--json")
    assert "of the 2 pages since its start" in said
    found = {check["name"]: check for check in orjson.loads(said)}
    assert status == 0, said
    assert (
        found["service"]["outcome"] == found["alertmanager"]["outcome"] == found["token"]["outcome"] == "ok"
    )
    assert found["clock"]["outcome"] == "ok"
