"""`leakstream exposures`: the store, read and changed from the terminal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from leaks import leak, line
from monitor.commands.errors import Failure
from monitor.config import ConfigError
from shell import call
from whole_service import configure, running


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a service that found two leaks."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "in").mkdir()
    (folder / "in" / "one").write_bytes(line(1))
    (folder / "in" / "two\x1b[31m").write_bytes(line(2))
    path = configure(
        folder, f'[watch]\nsources = ["directory"]\n[sources.directory]\npaths = ["{folder}/in"]\n'
    )

    async def find() -> None:
        async with running(path) as run:
            await run.exposures(2)

    asyncio.run(find())
    return path


def say(config: Path, *arguments: str) -> str:
    done = call("exposures", *arguments, "--config", str(config))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def listed(config: Path, *arguments: str) -> list[dict[str, object]]:
    return [json.loads(text) for text in say(config, "list", "--json", *arguments).splitlines()]


def test_list_filters_and_shows_no_control_character(config: Path) -> None:
    assert len(listed(config)) == 2
    assert len(listed(config, "--limit", "1")) == 1
    assert listed(config, "--severity", "low") == []
    assert len(listed(config, "--rule", "github-pat-classic", "--owned", "proved")) == 2
    assert len(listed(config, "--text", "one")) == 1
    table = say(config, "list")
    assert "\x1b" not in table
    assert "2 of 2" in table
    assert all(str(each["short"]) in table and str(each["last_seen"]) in table for each in listed(config))


def test_show_says_what_where_and_what_to_do(config: Path) -> None:
    for exposure in listed(config):
        text = say(config, "show", str(exposure["short"]))
        assert "\x1b" not in text
        assert "https://github.com/settings/tokens" in text
        assert "what to do" in text
        whole = json.loads(say(config, "show", str(exposure["id"]), "--json"))
        assert whole["id"] == exposure["id"]
        assert whole["history"][0]["verb"] == "viewed"
        assert whole["history"][0]["actor"].startswith("cli:")
        assert not any(leak(number)[4:].decode() in text + str(whole) for number in (1, 2))


def test_close_and_reopen(config: Path) -> None:
    name = str(listed(config)[0]["short"])
    assert say(config, "close", name, "--reason", "revoked", "--note", "done") == f"{name} closed: revoked\n"
    assert [each["short"] for each in listed(config, "--state", "closed")] == [name]
    assert "revoked" in say(config, "show", name)
    again = call("exposures", "close", name, "--reason", "revoked", "--config", str(config))
    assert isinstance(again.exception, Failure)
    assert again.exception.status == 1
    assert say(config, "reopen", name) == f"{name} is open again\n"
    assert listed(config, "--state", "closed") == []


def test_wrong_calls(config: Path, tmp_path: Path) -> None:
    for arguments in (["show", "000000000000"], ["show", "xyz"], ["list", "--state", "half-open"]):
        done = call("exposures", *arguments, "--config", str(config))
        assert isinstance(done.exception, Failure)
    assert call("exposures", "close", "0" * 12, "--reason", "because", "--config", str(config)).exit_code == 2
    elsewhere = call("exposures", "list", "--config", str(configure(tmp_path, "")))
    assert isinstance(elsewhere.exception, ConfigError)


def test_acknowledge_and_revoke(config: Path) -> None:
    name = str(listed(config)[1]["short"])
    assert say(config, "acknowledge", name).startswith(f"{name} acknowledged by cli:")
    twice = call("exposures", "acknowledge", name, "--config", str(config))
    assert isinstance(twice.exception, Failure)
    ahead = call("exposures", "revoke", name, "--at", "2999-01-01", "--config", str(config))
    assert isinstance(ahead.exception, Failure)
    assert say(config, "revoke", name).startswith(f"{name} revoked after 0 d 0:")
    text = say(config, "show", name)
    assert "in hand    cli:" in text
    assert "ended: revoked" in text
    assert "public     unknown; nobody has looked" in text
    assert json.loads(say(config, "show", name, "--json"))["state"] == "open"
