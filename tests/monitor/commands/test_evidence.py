"""`leakstream evidence`: what a responder fetches opens with age; nothing is overwritten, nothing shown."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, put
from monitor.commands.errors import Failure
from monitor.sealing import MAGIC
from monitor.store import sealed
from shell import call, run
from whole_service import configure

SHORT = fingerprint("a")[:12]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = configure(tmp_path, "")

    async def fill() -> None:
        store = await open_store(tmp_path / "state")
        await put(store, exposure("a"), exposure("b"))
        rows = [
            sealed.Evidence(
                f"{n:032x}", fingerprint("a"), NOON + n, "age1ann\x1b[31m", MAGIC + b"\x00\xff%d" % n
            )
            for n in range(3)
        ]
        async with store.write() as connection:
            await sealed.keep(connection, rows)
        await store.close()

    (tmp_path / "state").mkdir(mode=0o700)
    asyncio.run(fill())
    return path


def test_files_are_written_one_a_place_for_their_owner_alone_and_never_over_another(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("evidence", "get", SHORT, "--config", str(config))
    assert done.exit_code == 0, done.exception
    names = [f"evidence-{SHORT}{more}.age" for more in ("", "-2", "-3")]
    assert done.stdout.splitlines()[:3] == names
    assert [Path(name).read_bytes() for name in names] == [MAGIC + b"\x00\xff%d" % n for n in range(3)]
    assert {Path(name).stat().st_mode & 0o777 for name in names} == {0o600}
    again = call("evidence", "get", SHORT, "--config", str(config))
    assert isinstance(again.exception, Failure)
    assert "exists" in str(again.exception)
    out = tmp_path / "here.bin"
    call("evidence", "get", SHORT, "--out", str(out), "--config", str(config))
    assert out.exists()
    assert (tmp_path / "here-3.bin").exists()


def test_a_pipe_gets_the_newest(config: Path) -> None:
    done = run("evidence", "get", SHORT, "--out", "-", "--config", str(config))
    assert done.returncode == 0, done.stderr
    assert done.stdout == MAGIC + b"\x00\xff2"
    assert b"newest of 3" in done.stderr


def test_the_list_names_keys_and_shows_no_control_character(config: Path) -> None:
    done = call("evidence", "list", SHORT, "--config", str(config))
    assert "age1ann" in done.stdout
    assert "\x1b" not in done.stdout
    lines = call("evidence", "list", SHORT, "--json", "--config", str(config)).stdout.splitlines()
    assert [json.loads(line)["bytes"] for line in lines] == [len(MAGIC) + 3] * 3


def test_erased_is_erased_and_nobody_is_asked_in_a_script(config: Path) -> None:
    refused = call("evidence", "erase", SHORT, "--config", str(config))
    assert isinstance(refused.exception, Failure)
    done = call("evidence", "erase", SHORT, "--yes", "--config", str(config))
    assert done.stdout == "3 files erased\n"
    gone = call("evidence", "get", SHORT, "--config", str(config))
    assert isinstance(gone.exception, Failure)
    assert gone.exception.status == 1
    unknown = call("evidence", "get", "ff" * 32, "--config", str(config))
    assert isinstance(unknown.exception, Failure)
    assert unknown.exception.status == 1
