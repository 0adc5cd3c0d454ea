"""`leakstream exposures report`: a document out of a service that really found something."""

from __future__ import annotations

import asyncio
import hashlib
import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import update

from alerting_samples import open_store
from leaks import leak, line
from monitor.commands.errors import Failure
from monitor.store.tables import meta
from plaintext import Search, windows
from shell import call
from whole_service import configure, running


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a service that found a leak of ours."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "in").mkdir()
    (folder / "in" / "one|two").write_bytes(line(1))
    settings = f'[watch]\nsources = ["directory"]\n[sources.directory]\npaths = ["{folder}/in"]\n'
    path = configure(folder, settings + '[privacy]\nregime = "uk-gdpr"\ncontact = "Ann"\n')

    async def find() -> None:
        async with running(path) as run:
            await run.exposures(1)

    asyncio.run(find())
    return path


def the_id(config: Path) -> str:
    done = call("exposures", "list", "--json", "--config", str(config))
    return str(json.loads(done.stdout)["id"])


def report(config: Path, *arguments: str):
    return call("exposures", "report", the_id(config)[:12], *arguments, "--config", str(config))


def test_it_is_printed_logged_and_has_nothing_of_the_secret(config: Path) -> None:
    done = report(config)
    assert done.exit_code == 0, (done.output, done.exception)
    text = done.stdout
    assert text.startswith("# Exposure report: GitHub")
    assert "one\\|two" in text
    assert "hashed\\_token" in text
    assert "| Ledger's public key | `" in text
    public = [b"GitHub", leak(1)[:4]]
    assert Search({"leak": windows(leak(1), public)})(text.encode()) == set()
    shown = json.loads(call("exposures", "show", the_id(config), "--json", "--config", str(config)).stdout)
    (logged,) = [entry for entry in shown["history"] if entry["verb"] == "reported"]
    assert logged["detail"]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert logged["detail"]["sha256"] in done.stderr


def test_the_configuration_says_whose_clock_runs(config: Path) -> None:
    shown = json.loads(call("config", "show", "--config", str(config)).stdout)
    assert shown["privacy"] == {"regime": "uk-gdpr", "hours": None, "authority": "", "contact": "Ann"}


def test_it_is_written_for_its_owner_alone(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.md"
    done = report(config, "--out", str(out), "--language", "plain")
    assert (done.exit_code, done.stdout) == (0, "")
    assert out.read_text().startswith("# Exposure report")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_wrong_calls(config: Path, tmp_path: Path) -> None:
    unknown = call("exposures", "report", "0" * 12, "--config", str(config))
    assert isinstance(unknown.exception, Failure)
    assert unknown.exception.status == 1
    nowhere = report(config, "--out", str(tmp_path / "no" / "such"))
    assert isinstance(nowhere.exception, Failure)
    assert nowhere.exception.status == 2
    assert report(config, "--language", "klingon").exit_code == 2


def test_a_broken_ledger_makes_no_report(config: Path, tmp_path: Path) -> None:
    async def breaks() -> None:
        store = await open_store(config.parent / "state")
        async with store.write() as connection:
            await connection.execute(update(meta).where(meta.c.name == "ledger_head").values(value="x"))
        await store.close()

    asyncio.run(breaks())
    done = report(config, "--out", str(tmp_path / "r.md"))
    assert isinstance(done.exception, Failure)
    assert "the ledger is broken" in str(done.exception)
    assert not (tmp_path / "r.md").exists()
