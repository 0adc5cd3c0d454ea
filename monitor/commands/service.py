"""`leakstream run`, `collect`, `match`, `alert`: the service, whole or one stage a process."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Final

import structlog
import typer
import uvloop

from monitor import log
from monitor.app import ALL_STAGES, Addresses, Service, Stage, load_config
from monitor.config import FILE_NAME, Config

_LOG = structlog.get_logger("service")
_COLLECT_AFTER_OBJECTS: Final = 50_000
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help=f"Configuration file; default: ./{FILE_NAME} if it is there.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    app.command("run", help="Run the whole service in one process, until Ctrl-C or SIGTERM.")(run)
    app.command("collect", help="Run the collectors only.")(collect)
    app.command("match", help="Run a matcher only; start as many as there are partitions.")(match)
    app.command("alert", help="Run alerting only; start as many as there are partitions.")(alert)


def run(config: ConfigOption = None) -> None:
    serve(read_config(config), ALL_STAGES)


def collect(config: ConfigOption = None) -> None:
    serve(read_config(config), frozenset({Stage.COLLECT}))


def match(config: ConfigOption = None) -> None:
    serve(read_config(config), frozenset({Stage.MATCH}))


def alert(config: ConfigOption = None) -> None:
    serve(read_config(config), frozenset({Stage.ALERT}))


def read_config(path: Path | None) -> Config:
    """The named file, else ./leakstream.toml if it is there, else the defaults. Raises ConfigError."""
    if path is None and Path(FILE_NAME).exists():
        path = Path(FILE_NAME)
    return load_config(path)


def serve(config: Config, stages: frozenset[Stage]) -> None:
    """Block until told to stop. Raises what ended a stage."""
    uvloop.run(_serve(config, stages))


async def _serve(config: Config, stages: frozenset[Stage]) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    service = Service(config, stages)
    log.configure(level=config.log.level, metrics=service.metrics)
    await service.run(stop, _ready)


def collect_seldom() -> None:
    """What is there by now stays for good, and Python looks less often for garbage.

    A poll makes ten thousand objects that are no garbage until they are handled; by default the collector looks at all of them over and
    over, a tenth of a matcher's CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER_OBJECTS, 20, 20)


def _ready(addresses: Addresses) -> None:
    collect_seldom()
    _LOG.info("running", console=addresses.web, metrics=f"{addresses.health}/metrics", pid=os.getpid())


def stop_on_signals(stop: asyncio.Event) -> None:
    """The first Ctrl-C or SIGTERM ends the service in order; a second one at once (nothing is lost by it either)."""
    loop = asyncio.get_running_loop()

    def ask() -> None:
        if stop.is_set():
            os._exit(130)
        if sys.stderr.isatty():
            sys.stderr.write("\nstopping; once more to stop at once\n")
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
