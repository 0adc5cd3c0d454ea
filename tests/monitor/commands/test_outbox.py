"""`leakstream outbox`: what failed for good, from the terminal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from alerting_samples import exposure, open_store, put, tell, telling
from monitor.commands.errors import Failure
from monitor.store.tables import audit, outbox
from shell import call
from whole_service import configure


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Three of which two failed; the incident's name is hostile."""
    path = configure(
        tmp_path,
        '[notifiers.log]\n[notifiers.slack]\nurl_file = "u"\n',
    )
    (tmp_path / "u").write_text("https://hooks.example/x")

    async def fill() -> None:
        (tmp_path / "state").mkdir()
        store = await open_store(tmp_path / "state")
        await put(store, exposure("a"), exposure("b"))
        await tell(
            store,
            telling("k1", notifier="slack", incident="acme/\x1b[31mcode"),
            telling("k2", notifier="slack", leak="b"),
            telling("k2", notifier="log", leak="b"),
        )
        async with store.write() as connection:
            failed = outbox.update().where(outbox.c.notifier == "slack")
            await connection.execute(failed.values(state="failed", reason="unauthorized"))
        await store.close()

    asyncio.run(fill())
    return path


def say(config: Path, *arguments: str) -> str:
    done = call("outbox", *arguments, "--config", str(config))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def states(config: Path) -> list[str]:
    async def read() -> list[str]:
        store = await open_store(config.parent / "state")
        async with store.read() as connection:
            found = list((await connection.execute(select(outbox.c.state).order_by(outbox.c.id))).scalars())
        await store.close()
        return found

    return asyncio.run(read())


def test_list_shows_what_failed_and_on_request_what_waits(config: Path) -> None:
    table = say(config, "list")
    assert "2 of 2" in table
    assert "unauthorized" in table
    assert "\x1b" not in table
    rows = [json.loads(line) for line in say(config, "list", "--waiting", "--json").splitlines()]
    assert [(row["notifier"], row["state"]) for row in rows] == [
        ("slack", "failed"),
        ("slack", "failed"),
        ("log", "pending"),
    ]
    assert "0 of 0" in say(config, "list", "--notifier", "log")


def test_retry_by_number_by_notifier_and_all(config: Path) -> None:
    first = json.loads(say(config, "list", "--json", "--limit", "1"))["id"]
    assert say(config, "retry", str(first)) == "1 notification due again\n"
    assert states(config) == ["pending", "failed", "pending"]
    assert say(config, "retry", "--notifier", "slack") == "1 notification due again\n"
    assert say(config, "retry", "--all") == "0 notifications due again\n"


def test_drop_gives_up_what_failed_and_nothing_else(config: Path) -> None:
    assert say(config, "drop", "--all") == "2 notifications dropped\n"
    assert states(config) == ["dropped", "dropped", "pending"]
    assert say(config, "retry", "--all") == "0 notifications due again\n"


def test_who_did_what_is_written_down(config: Path) -> None:
    say(config, "list")
    say(config, "drop", "--notifier", "slack")

    async def read() -> list[tuple[str, str]]:
        store = await open_store(config.parent / "state")
        async with store.read() as connection:
            rows = await connection.execute(select(audit.c.verb, audit.c.actor).order_by(audit.c.id))
            found = [(verb, actor) for verb, actor in rows]
        await store.close()
        return found

    verbs, actors = zip(*asyncio.run(read()), strict=True)
    assert verbs == ("outbox_listed", "outbox_dropped")
    assert all(actor.startswith("cli:") for actor in actors)


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry",),
        ("drop",),
        ("retry", "1", "--all"),
        ("drop", "--all", "--notifier", "log"),
        ("retry", "--notifier", "x"),
    ],
)
def test_what_is_meant_must_be_said_once(config: Path, arguments: tuple[str, ...]) -> None:
    done = call("outbox", *arguments, "--config", str(config))
    assert isinstance(done.exception, Failure)
    assert states(config) == ["failed", "failed", "pending"]
