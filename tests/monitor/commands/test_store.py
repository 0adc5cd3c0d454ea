"""`leakstream store import`: one call, and the service goes on in the new store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from localpostgres import LocalPostgres
from monitor.config import ConfigError
from monitor.store.engine import Store
from monitor.store.errors import StoreRefused
from shell import call
from shown_console import fill
from whole_service import configure


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The configuration of a service with exposures in a file."""

    async def make() -> None:
        store = await Store.open(tmp_path / "old" / "state" / "store.db")
        await fill(store)
        await store.close()

    (tmp_path / "old").mkdir()
    asyncio.run(make())
    return configure(tmp_path / "old", "")


def listed(config: Path) -> list[dict[str, object]]:
    done = call("exposures", "list", "--state", "all", "--json", "--config", str(config))
    assert done.exit_code == 0, done.output
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        {name: each[name] for name in ("id", "state", "opening", "what", "owned", "sightings")}
        for each in found
    ]


@pytest.mark.parametrize("by", ["file", "configuration"])
def test_from_the_file_to_a_server(old: Path, by: str, tmp_path: Path, postgres: LocalPostgres) -> None:
    source = old if by == "configuration" else old.parent / "state" / "store.db"
    with postgres.database() as url:
        (tmp_path / "url").touch(mode=0o600)
        (tmp_path / "url").write_text(str(url))
        config = configure(tmp_path, '[store]\nurl_file = "url"\n')
        done = call("store", "import", str(source), "--config", str(config))
        assert done.exit_code == 0, (done.output, done.exception)
        assert [line.split() for line in done.stdout.splitlines() if line.split()[:1] == ["exposures"]] == [
            ["exposures", "18"]
        ]
        assert "`leakstream coverage check`" in done.stdout
        assert listed(config) == listed(old) != []
        again = call("store", "import", str(source), "--config", str(config))
        assert isinstance(again.exception, StoreRefused)


def test_what_is_no_store(old: Path, tmp_path: Path) -> None:
    config = configure(tmp_path, "")
    gone = call("store", "import", str(tmp_path / "gone.db"), "--config", str(config))
    assert isinstance(gone.exception, ConfigError)
    assert "No such file" in str(gone.exception)
    text = tmp_path / "text.db"
    text.write_text("this is no database, whatever its name says; it only has some length to it")
    other = call("store", "import", str(text), "--config", str(config))
    assert isinstance(other.exception, ConfigError)
    assert "is no SQLite file" in str(other.exception)
    assert text.read_text().startswith("this is no database")
