"""`python -m monitor.simulator`: the small internet by itself, for trying a service out by hand."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import orjson

from detectors.loader import load_rules
from monitor import aio
from monitor.simulator.credentials import RuleMaker
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator, SimulatorConfig


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until SIGINT or SIGTERM. Exit status 0."""
    parser = argparse.ArgumentParser(prog="python -m monitor.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 = any free one")
    parser.add_argument("--rate", type=float, default=5.0, help="things published a second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leaks", type=float, default=0.05, help="share of texts with a planted credential")
    parser.add_argument("--poll-interval", type=int, default=60, help="seconds, of the event feed")
    parser.add_argument("--truth", type=Path, help="append each planted credential to this file (JSON lines)")
    given = parser.parse_args(arguments)
    asyncio.run(_serve(given))
    return 0


async def _serve(given: argparse.Namespace) -> None:
    config = SimulatorConfig(seed=given.seed, mix=Mix(leaks=given.leaks), poll_interval=given.poll_interval)
    simulator = Simulator(config, maker=RuleMaker(load_rules()))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await simulator.start(port=given.port)
    print(f"GitHub API {simulator.github_url}\nPastebin   {simulator.pastebin_url}", flush=True)  # noqa: T201
    try:
        if given.truth is None:
            await simulator.run(given.rate, stop=stop)
        else:
            with _private(given.truth) as file:
                publishing = aio.spawn(simulator.run(given.rate, stop=stop), name="publish")
                await _write_truth(simulator, file, stop)
                await publishing
    finally:
        await simulator.stop()


async def _write_truth(simulator: Simulator, file: TextIO, stop: asyncio.Event) -> None:
    """What was planted reaches the file within half a second."""
    written, ended = 0, False
    while not ended:
        ended = await aio.sleep_until(stop, 0.5)
        file.writelines(orjson.dumps(place.as_json()).decode() + "\n" for place in simulator.truth[written:])
        written = len(simulator.truth)
        file.flush()


def _private(path: Path) -> TextIO:
    """For the owner only: the secrets are made up, but they look like real ones."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
