from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from collecting import Bench
from made_up import made_up
from monitor.collectors.sources import github_events
from monitor.simulator.server import Simulator, SimulatorConfig


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    key = rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*form))
    return tmp_path / "key.pem"


async def test_a_user_and_three_installations_read_and_one_of_them_polls(key_file: Path) -> None:
    async with Bench() as bench:
        simulator = Simulator(SimulatorConfig(seed=2), maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            simulator.publish(400)
            accounts: list[dict[str, Any]] = [
                {
                    "operator": f"team {n}",
                    "app_id": "1",
                    "installation_id": str(n),
                    "private_key_file": key_file,
                }
                for n in range(3)
            ]
            settings = github_events.Settings(
                base_url=simulator.github_url,
                token="not-a-token",
                accounts=accounts,
                diff_requests_per_minute=60,
            )
            source = github_events.PLUGIN.build(settings, bench.tools)
            await bench.run("github_events", source, 2 * 3600)
        finally:
            await simulator.stop()
        assert simulator.journal.violations == []
        assert len({asked.client for asked in simulator.journal.of("github.events")}) == 1
        readers = {asked.client for asked in simulator.journal.of("github.compare")}
        assert len(readers) >= 3
        assert simulator.journal.counts["github.app_token", 201] >= 3


@pytest.mark.parametrize("token", ["", "a.b.c", "e30.e30.e30"])
async def test_a_claim_that_is_none_gets_no_token(token: str) -> None:
    async with Bench() as bench:
        simulator = Simulator(maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            url = f"{simulator.github_url}/app/installations/1/access_tokens"
            answer = await bench.http.request("POST", url, headers={"Authorization": f"Bearer {token}"})
        finally:
            await simulator.stop()
        assert answer.status == 401


async def test_every_rudeness_is_written_down() -> None:
    async with Bench() as bench:
        config = SimulatorConfig(seed=2, per_hour_with_token=12, points_per_minute=10)
        simulator = Simulator(config, maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            for path, client in (
                ("/events?page=1", "one"),
                ("/events?page=1", "one"),
                ("/events?page=11", "one"),
                ("/events?page=1", "another"),
                *((f"/repos/a/b{n}", "one") for n in range(9)),
            ):
                token = {"Authorization": f"Bearer {client}"}
                await bench.http.request("GET", f"{simulator.github_url}{path}", headers=token)
        finally:
            await simulator.stop()
        told = {violation.rule for violation in simulator.journal.violations}
        assert told == {"poll_interval", "page_limit", "several_pollers", "limit_secondary", "told_to_wait"}
