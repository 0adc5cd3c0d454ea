"""Every query of the dashboards, against the real Prometheus that scrapes the whole service with deploy's rules: none fails, none is empty.

What never happens in a healthy service happens here: a source is blind, a rule has died, people judge, somebody guesses at the door.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import shutil
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from aiohttp import web

from boards import FOLDER, BoardFile, Query, boards, values_of
from browsing import ask
from certificates import certificates
from collecting import serving
from leaks import line, rules
from monitor import log
from monitor.alerting.alive import Trial
from monitor.alerting.exposures.places import coverage_objects
from monitor.alerting.keeping import Keeper
from monitor.app import load_config, open_drills
from monitor.app.drills import make_planters
from monitor.app.opening import open_store
from monitor.app.state import ledger_key
from monitor.config import Config
from monitor.contracts import CoverageEvent
from monitor.http import HttpClient
from monitor.identity import blob_sha
from monitor.probing import of_rule
from monitor.simulator.credentials import RuleMaker
from monitor.simulator.server import Simulator, SimulatorConfig
from monitor.simulator.world import Change
from monitor.store import ledger, records
from monitor.store.engine import Store
from monitoring import Prometheus, until
from simulated import SOURCES
from whole_service import Running, configure, running

TOKEN = "an-ingest-token-of-the-tests"
PATIENCE = 180.0  # seconds; 20 where the machine is quiet
WHOLE = "github_events"  # asks, lists, has a limit, a worth for each request, and times of publication
CONFIG = (
    """
[bus]
documents_gib = 0.5
[watch]
organisations = ["acme-corp"]
sources = ["ingest"]
[match]
processes = 1
[[sources.ingest.tokens]]
name = "ci"
token = "{token}"
forges = ["github.com"]
[sources.selftest]
every_seconds = 1
round_hours = 0.05
"""
    + SOURCES
    + """[sources.recheck]
base_url = "{github}"
token = "t"
[sources.gitlab]
base_url = "http://127.0.0.1:9"
[drills.repository]
ca_file = "{certificates}"
[heartbeat]
url = "{elsewhere}/heartbeat"
[drills]
every = "1h"
[notifiers.webhook]
url = "{hook}"
secret = "whsec_{secret}"
drills = true
[notifiers.alertmanager]
urls = ["{elsewhere}"]
resend_seconds = 2
"""
)


@dataclass
class Service:
    """The service in its small internet, and a Prometheus beside it."""

    config: Config
    run: Running
    simulator: Simulator
    prometheus: Prometheus
    store: Store
    numbers: Iterable[int] = field(default_factory=count)

    async def scraped(self) -> bool:
        return await self.prometheus.value('up{job="leakstream"}') == 1

    async def go_on(self) -> None:
        """A rate needs something new."""
        number = next(iter(self.numbers))
        at = time.time()
        world = self.simulator.world
        repository = world.repository("acme-corp/payments", at)
        world.push(repository, [Change({f"deploy/{number}.env": line(10_000 + number)})], at)
        self.simulator.publish(2)
        for content in (line(number), b"nothing at all"):
            await self._hand_in(content)
        await ask("GET", f"{self.run.addresses.web}/exposures")
        await ask("GET", f"{self.run.addresses.web}/exposures", Host="elsewhere.example")

    async def _hand_in(self, content: bytes) -> None:
        record = {"id": blob_sha(content), "content": content.decode(), "repository": "acme-corp/x"}
        page = await ask(
            "POST",
            f"{self.run.addresses.web}/ingest/v1/documents",
            data=json.dumps(record) + "\n",
            Authorization=f"Bearer {TOKEN}",
            Content_Type="application/x-ndjson",
        )
        assert page.status == 202, page.text

    async def judge(self) -> None:
        """People close what was found."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(PATIENCE):
            while len(found) < 3:
                await asyncio.sleep(0.5)  # who asks faster is told to wait
                found = await self.run.exposures(0)
        first, second, third = found[:3]
        for exposure, reason in ((first, "revoked"), (second, "false_alarm"), (third, "not_ours")):
            url = f"{self.run.addresses.web}/exposures/{exposure['id']}"
            token = re.findall(r'name="csrf" value="([0-9a-f]{64})"', (await ask("GET", url)).text)[0]
            done = await ask("POST", f"{url}/close", data={"csrf": token, "reason": reason})
            assert done.status == 303, done.text

    async def drill(self) -> None:
        """By hand, as the command does it."""
        http = HttpClient(user_agent="tests", allow_private=("127.0.0.1",))
        planters = make_planters(self.config, http, lambda: self.run.addresses.web)
        async with open_drills(self.config, clock=time.time, planters=planters) as opened:
            _, failed = await opened.desk.hold("ingest", timeout=30, by="test")
            assert failed == ""
        await http.close()

    async def remember(self) -> None:
        """What takes longer than this test: minutes of a feed in the ledger, and a rule that did not find what was planted for it."""
        now = time.time()
        spans = [(now - 60 * minute, now - 60 * minute + 60) for minute in range(10, 5, -1)]
        polls = [
            CoverageEvent(
                WHOLE,
                begin,
                end,
                listed=9,
                fetched=9,
                overlap=3,
                feed="/events",
                oldest=begin,
                newest=end - 1,
            )
            for begin, end in spans
        ]
        dead = Trial(asked=now - 4000, before=now - 8000)
        async with self.store.write() as connection:
            await ledger.append(
                connection, [told for poll in polls for told in coverage_objects(poll)], now=now
            )
            await records.set_meta(connection, of_rule("a-rule-that-died"), str(dead))
        await Keeper(
            self.store, ledger_key(self.config), self.run.service.metrics, clock=time.time
        ).round()  # the service's own comes once a minute


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[Service]:
    simulator = Simulator(
        SimulatorConfig(seed=1, poll_interval=1, per_hour_with_token=1_000_000), maker=RuleMaker(rules())
    )
    await simulator.start()
    try:
        async with serving(_accepts) as elsewhere:
            text = CONFIG.format(
                token=TOKEN,
                github=simulator.github_url,
                pastebin=simulator.pastebin_url,
                hook=simulator.hook_url("pager"),
                secret=b64encode(os.urandom(24)).decode(),
                elsewhere=elsewhere,
                certificates=certificates(folder / "authority.pem", time.time() + 90 * 86_400),
            )
            config = load_config(configure(folder, text), {})
            async with (
                running(config) as run,
                open_store(config) as store,
                Prometheus(
                    folder / "p",
                    scraping(folder / "p", run.addresses.health),
                    ["--enable-feature=exemplar-storage"],
                ) as server,
            ):
                log.configure(stream=io.StringIO(), metrics=run.service.metrics)  # as the command does it
                yield Service(config, run, simulator, server, store)
    finally:
        await simulator.stop()


async def _accepts(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def scraping(folder: Path, target: str) -> dict[str, Any]:
    """One process, with the rules as they are shipped, at one second; nobody is alerted."""
    folder.mkdir()
    shutil.copytree(FOLDER.parent / "prometheus" / "rules", folder / "rules")
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules/*.yml"],
        "scrape_configs": [
            {"job_name": "leakstream", "static_configs": [{"targets": [target.removeprefix("http://")]}]}
        ],
    }


def asked(query: Query, board: BoardFile, source: str = ".*") -> str:
    """As a browser that shows the last minute asks it."""
    values = {"__rate_interval": "8s", "__range": "1m", "source": source}
    return query.filled(dict.fromkeys(board.variables, ".*") | values)


def wanted() -> dict[str, Query]:
    """Expression -> the first query that asks it. A row that is repeated is asked for the source that has everything."""
    found: dict[str, Query] = {}
    for board in boards():
        for query in (*board.queries(), *board.others()):
            found.setdefault(asked(query, board, WHOLE if query.each else ".*"), query)
    return found


async def answered(server: Prometheus, expression: str, none: str = "") -> bool:
    """With a figure, and not only with a band that says `none`."""
    samples = await server.query(expression)
    return any(each["value"][1] != "NaN" and none not in each["metric"].values() for each in samples)


async def test_no_query_fails_and_no_panel_is_empty(tmp_path: Path) -> None:
    async with service(tmp_path) as made:
        empty = wanted()
        deadline = time.monotonic() + PATIENCE
        await until(made.scraped)  # what happens before it is no increase
        for _ in range(3):
            await made.go_on()
        await made.drill()
        await made.judge()
        await made.remember()
        while empty and time.monotonic() < deadline:
            await made.go_on()
            await asyncio.sleep(1)
            for expression, query in list(empty.items()):
                if await answered(made.prometheus, expression, query.none):
                    del empty[expression]
        assert not empty, "no data:\n" + "\n".join(f"{q.where}: {e}" for e, q in empty.items())
        await _for_every_source(made)
        await _links(made)
        await _dots(made)
        await _rules_are_well(made)


async def _for_every_source(made: Service) -> None:
    """In a row that is repeated the panel of any source shows something, or says why it does not."""
    for board in boards():
        for variable in (each for each in board.variables.values() if each["type"] == "query"):
            metric, label = values_of(variable)
            values = {each["metric"][label] for each in await made.prometheus.query(metric)}
            assert values
            for query in (each for each in board.queries() if each.each == variable["name"]):
                for value in values - {WHOLE}:
                    shown = await answered(made.prometheus, asked(query, board, value))
                    assert shown or query.none, (query.where, value)


async def _links(made: Service) -> None:
    """Those into the console open a page."""
    examples = {"severity": "high", "owned": "proved", "rule": "github-pat-classic", "source": "ingest"}
    paths = {
        re.sub(r"\$\{__field\.labels\.(\w+)\}", lambda match: examples[match[1]], url).removeprefix(
            "${console}"
        )
        for board in boards()
        for _, url in board.links()
        if url.startswith("${console}")
    }
    assert len(paths) > 8
    for path in sorted(paths):
        page = await made.run.get(path)
        assert page.status == 200, path


async def _dots(made: Service) -> None:
    """Exemplars lead from a latency to a document's way."""
    for board in boards():
        for query in (each for each in board.queries() if each.exemplars):
            found = await made.prometheus.get(
                "/api/v1/query_exemplars",
                query=asked(query, board),
                start=str(time.time() - 120),
                end=str(time.time()),
            )
            assert found["data"], f"no exemplar: {query.where}"
            assert all(each["labels"]["trace_id"] for series in found["data"] for each in series["exemplars"])


async def _rules_are_well(made: Service) -> None:
    groups = (await made.prometheus.get("/api/v1/rules"))["data"]["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
    firing = {each["labels"]["alertname"] for each in await made.prometheus.alerts()}
    assert "Watchdog" in firing
