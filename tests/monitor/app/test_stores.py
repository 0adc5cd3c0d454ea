"""The store that the configuration names: the whole service, a command and the doctor on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from leaks import line
from localpostgres import LocalPostgres, in_thread
from monitor.app import load_config, look_at_store, open_exposures, prepare_state, store_name
from monitor.commands.doctor import Check, Outcome, examine
from monitor.config import Config, ConfigError
from monitor.identity import create_key
from monitor.store.queries import Filter
from whole_service import configure, running

SOURCE = """
[watch]
sources = ["directory"]
[sources.directory]
paths = ["{folder}"]
follow = false
"""


@pytest.fixture
def url(postgres: LocalPostgres) -> Iterator[str]:
    with postgres.database(migrated=False) as made:
        yield made


def stored(folder: Path, table: str, more: str = "") -> Config:
    return load_config(configure(folder, f"[store]\n{table}\n{more}"), {})


def checks(config: Config) -> dict[str, Check]:
    return {check.name: check for check in in_thread(lambda: examine(config))}


async def test_the_service_keeps_everything_there_and_a_command_reads_it(tmp_path: Path, url: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(line(1))
    table = f'url = "{url}"\ncollectors = true'
    path = configure(tmp_path, f"[store]\n{table}\n{SOURCE.format(folder=tmp_path / 'in')}")
    async with running(path) as run:
        (found,) = await run.exposures(1)
        async with open_exposures(load_config(path, {}), clock=lambda: 0.0) as exposures:
            page = await exposures.list(Filter(), actor="a test")
        assert [each["id"] for each in page.exposures] == [found["id"]]
    async with running(path) as run:  # again, with what collectors and alerting remember
        (found,) = await run.exposures(1)
        assert run.metric("exposures_total", change="opened") == 0
    assert list((tmp_path / "state").glob("*.db*")) == []


def test_the_doctor_says_what_is_there(tmp_path: Path, url: str) -> None:
    config = stored(tmp_path, f'url = "{url}"')
    keys = prepare_state(config)
    first = checks(config)["store"]
    assert (first.outcome, "the next start brings it up to date" in first.text) == (Outcome.WARN, True)
    assert look_at_store(config) is not None

    async def start() -> None:
        async with running(config.path or Path()):
            pass

    asyncio.run(start())
    found = checks(config)
    assert found["store"] == Check(Outcome.OK, "store", store_name(config))
    assert store_name(config) == url.partition("@")[2]
    assert found["clock"].outcome is Outcome.OK
    assert (seen := look_at_store(config))
    assert keys.current_id in seen.keys
    config.key_file.unlink()
    create_key(config.key_file)
    other = checks(config)["store"]
    assert (other.outcome, "restore the key file" in other.text) == (Outcome.FAIL, True)


def test_the_doctor_says_what_is_wrong(tmp_path: Path, postgres: LocalPostgres, url: str) -> None:
    def told(table: str) -> str:
        check = checks(stored(tmp_path, table))["store"]
        assert check.outcome is Outcome.FAIL
        return check.text

    assert "127.0.0.1:1/x cannot be reached" in told('url = "postgresql://leak@127.0.0.1:1/x"')
    assert "make it with `createdb nowhere`" in told(f'url = "{postgres.url("nowhere")}"')
    (tmp_path / "password").write_text("not this one")
    name = url.rpartition("/")[2]
    wrong = told(f'url = "{postgres.url(name, user="locked")}"\npassword_file = "password"')
    assert "wrong password for user locked" in wrong
    assert "not this one" not in wrong
    assert "missing: No such file" in told('url = "postgresql://leak@127.0.0.1/x"\npassword_file = "missing"')
    postgres.execute("CREATE TABLE alembic_version (version_num text)", database=name)
    postgres.execute("CREATE TABLE meta (name text, value text)", database=name)
    postgres.execute("INSERT INTO alembic_version VALUES ('9999')", database=name)
    postgres.execute("GRANT SELECT ON alembic_version, meta TO leak", database=name)
    assert "version 9999, this program those of" in (newer := told(f'url = "{url}"'))
    assert "upgrade leakstream" in newer


def test_what_cannot_be_read_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[store\] .*missing: No such file"):
        store_name(stored(tmp_path, 'url_file = "missing"'))
