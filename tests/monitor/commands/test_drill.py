"""`leakstream drill`: what it prints, and its exit status."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from monitor.aio import spawn
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.exposures.states import CloseReason
from monitor.commands import drill
from monitor.commands.drill_simulated import simulated_drills
from monitor.commands.errors import Failure
from monitor.metrics import Metrics
from monitor.store.queries import Filter
from shell import call
from whole_service import configure, running

TOKEN = "an-ingest-token-of-the-tests"
WATCH = '[watch]\norganisations = ["acme"]\n'
INGEST = f'[[sources.ingest.tokens]]\nname = "drills"\ntoken = "{TOKEN}"\n'
NOBODY = '[drills.ingest]\nurl = "http://127.0.0.1:9"\n'  # discard: nothing listens there


def known(folder: Path, text: str) -> Path:
    """The configuration of a service that has run once and runs no more."""
    path = configure(folder, text)

    async def start() -> None:
        async with running(path):
            pass

    asyncio.run(start())
    return path


def test_the_simulated_one_needs_nothing_and_ends_well() -> None:
    done = call("drill", "--source", "simulator", "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    told = json.loads(done.stdout)
    assert told["state"] == "told"
    assert list(told["stages"]) == ["planted", "fetched", "matched", "stored", "told"]
    assert list(told["stages"].values()) == sorted(told["stages"].values())
    assert list(told["notifiers"]) == ["webhook"]
    assert told["policy"] == {"owned": "proved", "action": "page", "decision": "yours_proved"}


def test_a_missed_one_says_where_it_got_stuck_and_is_listed(tmp_path: Path) -> None:
    path = known(tmp_path, WATCH + INGEST + NOBODY + "[notifiers.log]\ndrills = true\n")
    done = call("drill", "--config", str(path))
    assert done.exit_code == 1, (done.output, done.exception)
    assert "stuck at plant" in done.stdout
    assert "ingest does not answer" in done.stdout
    assert TOKEN not in done.output

    listed = call("drill", "list", "--json", "--config", str(path))
    assert listed.exit_code == 0, (listed.output, listed.exception)
    told = json.loads(listed.stdout)
    assert (told["state"], told["stuck"], told["source"]) == ("missed", "plant", "ingest")
    shown = call("drill", "list", "--config", str(path))
    assert "missed" in shown.stdout
    assert "1 drill" in shown.stdout


@pytest.mark.parametrize(
    ("text", "arguments", "said"),
    [
        (WATCH + INGEST, (), "drills = true"),
        (WATCH + "[notifiers.log]\ndrills = true\n", (), "has no token"),
        (INGEST + "[notifiers.log]\ndrills = true\n", (), "[watch] names no"),
        (WATCH, ("--source", "repository"), "names no test repository"),
        (WATCH + INGEST, ("--practice", "--like", "no-such-rule"), "no such rule"),
    ],
)
def test_a_wrong_call_says_what_is_missing(
    tmp_path: Path, text: str, arguments: tuple[str, ...], said: str
) -> None:
    done = call("drill", *arguments, "--config", str(known(tmp_path, text)))
    assert isinstance(done.exception, Failure)
    assert done.exception.status == 2
    assert said in str(done.exception)


async def test_a_practice_waits_for_the_team_and_says_how_long_it_took(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with simulated_drills() as opened:
        detail = {"practice": True, "shown": drill._shown("aws-secret-access-key")}
        following = spawn(drill._follow(opened, drill.Way.SIMULATOR, 60, detail, as_json=True), name="follow")
        found = Exposures(opened.store, Metrics(), clock=time.time)
        wanted = Filter(exercises=True, state="open")
        async with asyncio.timeout(120):
            while not (page := await found.list(wanted, actor="ann")).exposures:  # noqa: ASYNC110 - no bell
                await asyncio.sleep(0.05)
            (shown,) = page.exposures
            while (await drill._newest_of(opened))[0][0].state == "planted":  # noqa: ASYNC110 - no bell
                await asyncio.sleep(0.05)
            assert not following.done()
            await found.close(shown["id"], CloseReason.TEST, actor="ann")
            held = await following
    assert (shown["what"]["rule"], shown["exercise"]) == ("aws-secret-access-key", True)
    assert held.state == "told"
    told = json.loads(capsys.readouterr().out)
    assert told["acknowledged_after"] is None
    assert told["closed_after"] >= 0
