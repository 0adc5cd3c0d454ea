"""The container's health check against the real listener."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from monitoring import free_port
from whole_service import configure, running

SCRIPT = Path(__file__).parents[3] / "deploy" / "docker" / "healthy.py"


async def healthy(*arguments: str) -> tuple[int, str]:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False
    )
    assert not done.stderr
    return done.returncode, done.stdout


async def test_it_asks_whoever_listens_and_passes_on_the_reasons(tmp_path: Path) -> None:
    silent = str(free_port())
    async with running(configure(tmp_path, "")) as run:
        port = run.addresses.health.rpartition(":")[2]
        assert await healthy("/healthz", silent, port) == (0, "ok\n")
        run.service._checks["match"] = lambda: ["the brokers are away"]
        status, text = await healthy("/readyz", silent, port)
        assert status == 1
        assert "the brokers are away" in text


async def test_nobody_who_listens_is_not_healthy() -> None:
    assert await healthy("/healthz", str(free_port())) == (1, "nothing listens\n")
