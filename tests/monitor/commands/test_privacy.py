"""`leakstream privacy`: from the terminal."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

from alerting_samples import NOON, exposure, open_store, put
from monitor.commands.errors import Failure
from monitor.identity import create_key
from monitor.store import records
from monitor.store.engine import Store
from shell import call
from whole_service import configure


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = configure(tmp_path, "")

    async def fill() -> None:
        store: Store = await open_store(tmp_path / "state")
        await put(store, exposure(repository="bob/code"))
        async with store.write() as connection:
            await records.add_audit(
                connection, at=NOON, actor="cli:\x1b[31mbob", verb="viewed", detail={"x": "\x1b"}
            )
        await store.close()

    (tmp_path / "state").mkdir(exist_ok=True)
    asyncio.run(fill())
    key = Path(json.loads(call("config", "show", "--config", str(path)).stdout)["key_file"])
    if not key.exists():
        create_key(key)
    return path


def run(*arguments: str, config: Path) -> str:
    done = call(*arguments, "--config", str(config))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def say(config: Path, *arguments: str) -> str:
    done = call("privacy", *arguments, "--config", str(config))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def test_export_is_json_for_its_reader_alone(config: Path, tmp_path: Path) -> None:
    shown = json.loads(say(config, "export", "--subject", "github.com/bob"))
    assert [row["repository"] for row in shown["held"]["exposures"]] == ["bob/code"]
    out = tmp_path / "bob.json"
    assert say(config, "export", "--subject", "github.com/bob", "--out", str(out)) == f"{out}: 1 rows\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text())["held"] == shown["held"]


def test_erase_says_what_and_what_not(config: Path) -> None:
    dry = say(config, "erase", "--subject", "github.com/bob", "--dry-run")
    assert "exposures: 1 would be changed" in dry
    assert "coverage ledger: " in dry
    assert json.loads(say(config, "erase", "--subject", "github.com/bob", "--json"))["changed"] == {
        "exposures": 1
    }
    assert say(config, "erase", "--subject", "github.com/bob").startswith("nothing about that subject")


def test_log_shows_every_look_and_no_control_character(config: Path) -> None:
    say(config, "export", "--subject", "bob")
    table = say(config, "log", "--since", "2023-01-01")
    assert "\x1b" not in table
    assert "privacy_export" in table
    assert "viewed" in table
    entries = [json.loads(text) for text in say(config, "log", "--json").splitlines()]
    assert [entry["verb"] for entry in entries] == ["read_log", "privacy_export"]
    assert say(config, "log", "--json", "--verb", "closed") == ""


def test_every_look_and_every_change_by_a_command_is_in_the_log(config: Path) -> None:
    (row,) = [json.loads(text) for text in run("exposures", "list", "--json", config=config).splitlines()]
    for words in (("show",), ("show", "--why"), ("report",), ("acknowledge",), ("revoke",), ("reopen",)):
        if words == ("reopen",):
            run("exposures", "close", row["short"], "--reason", "revoked", config=config)
        run("exposures", words[0], row["short"], *words[1:], config=config)
    run("evidence", "list", row["short"], config=config)
    logged = [json.loads(text)["verb"] for text in say(config, "log", "--json").splitlines()]
    wanted = [
        "listed",
        "viewed",
        "viewed",
        "reported",
        "acknowledged",
        "revoked",
        "closed",
        "reopened",
        "listed_evidence",
    ]
    assert [verb for verb in reversed(logged) if verb != "window_ended"] == wanted


def test_wrong_calls(config: Path) -> None:
    wrong = call("privacy", "export", "--subject", "bob/code", "--config", str(config))
    assert isinstance(wrong.exception, Failure)
    assert wrong.exception.status == 2
    assert "bob" not in str(wrong.exception) or "forge/owner" in str(wrong.exception)
    assert call("privacy", "erase", "--config", str(config)).exit_code == 2
