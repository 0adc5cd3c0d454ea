"""Today's program goes on where each released version stopped: its store, its bus, its ledger, its identities."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from golden_state import clock, configured, hand_in, released, restore
from leaks import leak
from shell import call
from whole_service import running

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("version", released())
async def test_a_state_of_a_released_version_is_gone_on_with(version: str, tmp_path: Path) -> None:
    restore(version, tmp_path / "state")
    config = configured(tmp_path)
    listed = await asyncio.to_thread(call, "exposures", "list", "--json", "-c", str(config))
    assert listed.exit_code == 0, listed.output
    known = [json.loads(line) for line in listed.stdout.splitlines()]
    assert len(known) == 2
    assert [bool(each["acknowledged"]) for each in known].count(True) == 1
    async with running(config, clock=clock()) as run:
        found = await run.exposures(3)  # the third was on the bus, found by the old program
        assert {each["id"] for each in known} < {each["id"] for each in found}
        before = run.metric("documents_total", source="ingest")
        await hand_in(run, 1, "the first, somewhere else")
        await run.until(lambda: run.metric("documents_total", source="ingest") > before)
        await run.until(lambda: run.metric("exposures_total", change="repeated") > 0)
        assert len(await run.exposures(3)) == 3  # its identity has not moved
    checked = await asyncio.to_thread(call, "coverage", "check", "-c", str(config))
    assert checked.exit_code == 0, checked.output


def test_there_is_a_state_and_it_holds_no_secret() -> None:
    assert released()
    for version in released():
        text = (GOLDEN / f"state-{version}.json").read_text()
        for number in (1, 2, 3):
            assert leak(number).decode() not in text
            assert leak(number).hex().upper() not in text.upper()
