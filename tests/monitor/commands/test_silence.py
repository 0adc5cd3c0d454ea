"""`leakstream silence`: begin, list and end, from the terminal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from alerting_samples import open_store
from monitor.commands.errors import Failure
from shell import call
from whole_service import configure


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = configure(tmp_path, "")

    async def make() -> None:
        (tmp_path / "state").mkdir()
        await (await open_store(tmp_path / "state")).close()

    asyncio.run(make())
    return path


def say(config: Path, *arguments: str) -> str:
    done = call("silence", *arguments, "--config", str(config))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_begin_list_and_end(config: Path) -> None:
    assert say(config, "list") == "no silences\n"
    made = say(config, "add", "--for", "8h", "--repository", "acme/*", "--reason", "move \x1b[31m of hosts")
    assert made.startswith("silence 1 from ")
    other = json.loads(
        say(config, "add", "--for", "3d", "--rule", "x", "--even-critical", "--reason", "r", "--json")
    )
    assert (other["id"], other["state"], other["even_critical"]) == (2, "active", True)
    table = say(config, "list")
    assert "repository acme/*" in table
    assert "\x1b" not in table
    assert "2 silences" in table
    assert say(config, "end", "1") == "silence 1 ended; 0 held notifications judged anew\n"
    assert [json.loads(line)["id"] for line in say(config, "list", "--json").splitlines()] == [2]
    every = [json.loads(line) for line in say(config, "list", "--json", "--all").splitlines()]
    assert [(each["id"], each["state"]) for each in every] == [(2, "active"), (1, "ended")]
    assert every[1]["ended_by"].startswith("cli:")


def test_one_that_begins_later(config: Path) -> None:
    span = ("--since", "2099-01-01T00:00", "--until", "2099-01-02T00:00")
    made = json.loads(say(config, "add", *span, "--severity", "low", "--reason", "r", "--json"))
    assert (made["state"], made["since"]) == ("to come", "2099-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "--for", "8h", "--reason", "r"), "names what it silences"),
        (("add", "--rule", "x", "--reason", "r"), "how long"),
        (("add", "--rule", "x", "--for", "1h", "--until", "2099-01-01", "--reason", "r"), "how long"),
        (("add", "--rule", "x", "--for", "1h", "--reason", " "), "needs a reason"),
        (("add", "--severity", "bad", "--for", "1h", "--reason", "r"), "severity is one of"),
        (("add", "--rule", "x", "--until", "2020-01-01", "--reason", "r"), "over already"),
        (("add", "--rule", "x", "--for", "400d", "--reason", "r"), "longer than a year"),
        (("add", "--rule", "x", "--for", "soon", "--reason", "r"), "no span"),
        (("end", "7"), "no silence 7"),
    ],
)
def test_what_is_refused(config: Path, arguments: tuple[str, ...], said: str) -> None:
    done = call("silence", *arguments, "--config", str(config))
    assert isinstance(done.exception, Failure)
    assert said in str(done.exception)
    assert say(config, "list") == "no silences\n"
