"""`leakstream demo`: the whole service against the simulator. The first thing to try."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from detectors import load_rules
from monitor import log
from monitor.aio import sleep_until, supervise
from monitor.app import Addresses, Service, load_config
from monitor.commands.service import stop_on_signals
from monitor.identity import create_key
from monitor.simulator.credentials import RuleMaker
from monitor.simulator.server import Simulator, SimulatorConfig

_COVERAGE_SECONDS: Final = 20.0
_CONFIG = """\
state = "state"
external_url = "http://127.0.0.1:{web}"

[bus]
documents_gib = 0.5

[http]
contact = "https://example.com/leakstream-demo"
allow_private = ["127.0.0.1"]

[web]
port = {web}

[metrics]
port = {metrics}

[log]
level = "warning"

[watch]
domains = ["example.com"]
organisations = ["acme-corp"]

[sources.github_events]
base_url = "{github}"
token = "demo"
poll_seconds = 2
diff_requests_per_minute = 900

[sources.github_gists]
base_url = "{github}"
token = "demo"
poll_seconds = 10
requests_per_minute = 300

[sources.pastebin]
base_url = "{pastebin}"
poll_seconds = 2
item_seconds = 0.05

[sources.gitlab]
base_url = "{gitlab}/api/v4"
token = "demo"
poll_seconds = 10
watched_seconds = 10
requests_per_minute = 900

[sources.hackernews]
base_url = "{hackernews}"
poll_seconds = 2
first_items = 0

[sources.recheck]
base_url = "{github}"
token = "demo"
pastebin_url = "{pastebin}"
forges = [{{ kind = "gitlab", base_url = "{gitlab}/api/v4", forge = "gitlab.com", token = "demo", requests_per_minute = 600 }}]

[notifiers.webhook]
url = "{hook}"
secret = "whsec_{secret}"
"""


def register(app: typer.Typer) -> None:
    app.command(
        "demo", help="Run the whole service against a simulated internet, until Ctrl-C. Needs no network."
    )(demo)


def demo(
    rate: Annotated[float, typer.Option(min=0.1, max=500, help="Things published a second.")] = 8.0,
    seed: Annotated[int, typer.Option(help="The same seed publishes the same world.")] = 1,
    web_port: Annotated[int, typer.Option(help="Console and API.")] = 8686,
    metrics_port: Annotated[int, typer.Option(help="Metrics and health.")] = 8687,
) -> None:
    log.configure(level="warning")
    folder = Path(tempfile.mkdtemp(prefix="leakstream-demo-"))
    try:
        uvloop.run(_demo(folder, rate, seed, web_port, metrics_port))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _demo(folder: Path, rate: float, seed: int, web_port: int, metrics_port: int) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    console = Console(highlight=False)
    console.print("starting; the first start compiles the rules' database, which takes a few seconds")
    simulator = Simulator(
        SimulatorConfig(
            seed=seed,
            poll_interval=2,
            per_hour_with_token=1_000_000,
            sites={"gitlab": {}, "hackernews": {}},
        ),
        maker=RuleMaker(load_rules()),
    )
    await simulator.start()
    try:
        config = folder / "leakstream.toml"
        config.touch(mode=0o600)
        config.write_text(
            _CONFIG.format(
                web=web_port or _free_port(),
                metrics=metrics_port,
                github=simulator.github_url,
                pastebin=simulator.pastebin_url,
                gitlab=simulator.site_url("gitlab"),
                hackernews=simulator.site_url("hackernews"),
                hook=simulator.hook_url("demo"),
                secret=base64.b64encode(os.urandom(24)).decode(),
            )
        )
        loaded = load_config(config)
        if (
            loaded.bus.kind == "kafka"
        ):  # by the environment, as `make demo KAFKA=1` does; nobody else makes a key there
            create_key(loaded.key_file)
        service = Service(loaded)
        await supervise(
            {
                "service": lambda stop: service.run(stop, lambda addresses: _welcome(console, addresses)),
                "simulator": lambda stop: simulator.run(rate, stop=stop),
                "voice": lambda stop: _tell(console, simulator, stop),
                "coverage": lambda stop: _tell_coverage(console, service, list(loaded.sources), stop),
            },
            stop,
        )
    finally:
        await simulator.stop()
        console.print(f"stopped; {len(simulator.truth)} leaks were planted")


def _free_port() -> int:
    """Links in pages name the port, so it must be known before the start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _welcome(console: Console, addresses: Addresses) -> None:
    console.print(
        f"console  {addresses.web}/\nmetrics  {addresses.health}/metrics\nCtrl-C ends it; everything is thrown away then\n"
    )


async def _tell_coverage(console: Console, service: Service, sources: list[str], stop: asyncio.Event) -> None:
    """Print now and then how much of each source was seen; `leakstream coverage` says more of a service that has a store."""
    value = service.metrics.registry.get_sample_value
    while not await sleep_until(stop, _COVERAGE_SECONDS):
        table = Table("source", "listed", "read", "captured", title="seen so far", title_justify="left")
        for source in sources:
            counts = [
                value("leakstream_source_items_total", {"source": source, "state": state}) or 0.0
                for state in ("listed", "fetched")
            ]
            ratio = value("leakstream_capture_ratio", {"source": source})
            shown = "not yet" if ratio is None or not counts[0] else f"{ratio:.0%}"
            table.add_row(source, *(f"{count:,.0f}" for count in counts), shown)
        console.print(table)


async def _tell(console: Console, simulator: Simulator, stop: asyncio.Event) -> None:
    """Print the pages as they arrive at the simulated pager."""
    shown = 0
    while not stop.is_set():
        received = simulator.receiver.accepted
        for delivery in received[shown:]:
            exposure = orjson.loads(delivery.body)["data"]["exposure"]
            what = exposure["what"]
            console.print(f"[bold red]page[/]  {what['severity']:<9} {what['title']}  ({exposure['short']})")
        shown = len(received)
        await sleep_until(stop, 0.5)
