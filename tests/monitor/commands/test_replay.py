"""`leakstream replay` against what a real service left behind."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
import sqlite3
import string
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from leaks import line
from shell import run
from whole_service import PATIENCE, configure, running

RULE = r"""
title = "Acme"
references = ["https://example.com/tokens"]

[[rule]]
id = "acme-order"
title = "Acme order number"
severity = "high"
pattern = 'order-[0-9A-Za-z]{30}'
examples = ['token={{secret}}']
"""
WATCHED = '[watch]\nsources = ["directory"]\n'


class Left:
    """What a service that watched nothing left: two leaks of nobody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = self.written("")

    def written(self, watch: str) -> Path:
        more = f'[notifiers.log]\n[sources.directory]\npaths = ["{self.folder}/in"]\n'
        return configure(self.folder, watch + more)

    async def serve(self, findings: int = 0) -> None:
        """Until so many were recorded, since nobody watches them."""
        about = {"action": "record", "reason": "unattributed"}
        async with running(self.config) as service:
            await service.until(lambda: service.metric("policy_decisions_total", **about) == findings)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.folder / "state" / "store.db")) as database:
            return database.execute(query).fetchall()

    def marked(self) -> bool:
        """Whether a replay stands in the midst of the documents."""
        spans = [
            json.loads(text)["spans"] for (text,) in self.rows("SELECT value FROM meta WHERE name = 'replay'")
        ]
        return any(s["topic"] == "documents.v1" and s["next"] > 0 for each in spans for s in each)

    def replayed(self, *arguments: str) -> dict[str, object]:
        # a process of its own: it steps back behind all others for good
        done = run("replay", "--json", *arguments, "--config", str(self.config))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def said(self, *arguments: str) -> str:
        done = run(*arguments, "--config", str(self.config))
        assert done.stdout, done.stderr
        return done.stdout.decode()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    (folder / "in").mkdir()
    for number in (1, 2):
        order = random.Random(number).choices(string.ascii_letters + string.digits, k=30)
        text = line(number) + b"n = order-" + "".join(order).encode() + b"\n"
        (folder / "in" / f"{number}.env").write_bytes(text)
    asyncio.run(Left(folder).serve(2))
    return folder


@pytest.fixture
def left(first: Path, tmp_path: Path) -> Left:
    return Left(Path(shutil.copytree(first, tmp_path / "copy")))


@pytest.mark.parametrize("rules", ["--rules", "--no-rules"])
def test_what_was_nobodys_becomes_ours_and_is_told_once(left: Left, rules: str) -> None:
    left.written(WATCHED)
    assert left.rows("SELECT count(*) FROM outbox") == [(0,)]
    found = left.replayed(rules)
    assert (found["attributed"], found["page"]) == (2, 2)
    assert left.rows("SELECT level, action, sightings FROM exposures") == [("proved", "page", 1)] * 2
    assert left.rows("SELECT change, count(*) FROM outbox GROUP BY change") == [("opened", 2)]
    again = left.replayed(rules)
    assert "attributed" not in again
    assert left.rows("SELECT count(*) FROM outbox") == [(2,)]
    history = left.rows("SELECT actor, detail FROM audit WHERE verb = 'attributed'")
    assert len(history) == 2
    assert str(history[0][0]).startswith("cli:")


def test_a_dry_run_says_the_same_and_changes_nothing(left: Left) -> None:
    left.written(WATCHED)
    done = left.said("replay", "--dry-run", "--no-rules")
    assert "would be:" in done
    assert "2  known ones that are ours after all" in done
    assert "2  that page" in done
    assert left.rows("SELECT level FROM exposures") == [("none",)] * 2
    assert left.rows("SELECT count(*) FROM outbox") == [(0,)]
    assert left.rows("SELECT count(*) FROM meta WHERE name = 'replay'") == [(0,)]


def test_what_a_new_rule_finds_is_marked_found_by_replay(left: Left) -> None:
    (left.folder / "rules").mkdir()
    (left.folder / "rules" / "acme.toml").write_text(RULE, encoding="utf-8")
    left.written(f'{WATCHED}[match]\nrules = ["{left.folder}/rules"]\n')
    assert left.replayed("--no-rules")["attributed"] == 2
    found = left.replayed()
    assert (found["opened"], found["page"]) == (2, 2)
    shown = [json.loads(text) for text in left.said("exposures", "list", "--json").splitlines()]
    assert {(each["what"]["rule"], each["found_by"]) for each in shown} == {
        ("github-pat-classic", "live"),
        ("acme-order", "replay"),
    }
    assert "opened" not in left.replayed()
    assert left.rows("SELECT change, count(*) FROM outbox GROUP BY change") == [("opened", 4)]


def test_without_a_change_it_says_that_nothing_is_new(left: Left) -> None:
    text = left.said("replay", "--since", "1h")
    assert "nothing new" in text
    assert "2  documents scanned" in text


def test_a_longer_watch_list_offers_it_until_it_was_run(left: Left) -> None:
    offer = "`leakstream replay --since 24h` would look for it in what is still kept"
    assert offer not in left.said("config", "check")
    left.written(WATCHED)
    assert offer in left.said("config", "check")
    asyncio.run(left.serve())
    assert offer in left.said("doctor")
    left.replayed("--since", "1h")  # not everything that is kept
    assert offer in left.said("doctor")
    left.replayed()
    assert offer not in left.said("doctor")
    assert offer not in left.said("config", "check")


def test_ctrl_c_stops_it_and_it_goes_on_where_it_was(left: Left) -> None:
    for name in "abcdefgh":
        (left.folder / "in" / name).write_bytes(b"#" * 400_000 + line(ord(name)))
    left.written("")

    async def serve() -> None:
        async with running(left.config) as service:
            about = {"action": "record", "reason": "unattributed"}
            # those of the copied folder are further places of two that are known
            await service.until(lambda: service.metric("policy_decisions_total", **about) >= 8 + 2)

    asyncio.run(serve())
    left.written(WATCHED)
    command = [Path(sys.executable).with_name("leakstream"), "replay", "--rate", "0.1", "-c", left.config]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        until = time.monotonic() + PATIENCE
        while not left.marked() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "`leakstream replay --resume` goes on" in said
    found = left.replayed("--resume")
    assert found["complete"]
    assert found["scanned"] == 10
    assert left.rows("SELECT change, count(*) FROM outbox GROUP BY change") == [("opened", 10)]
    assert not left.marked()


async def test_a_running_service_delivers_what_a_replay_beside_it_found(left: Left) -> None:
    async with running(left.config) as run:
        left.written(WATCHED)  # the service itself has not read it
        command = [
            str(Path(sys.executable).with_name("leakstream")),
            "replay",
            "--json",
            "-c",
            str(left.config),
        ]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        assert json.loads(said)["page"] == 2

        async def delivered() -> bool:
            return left.rows("SELECT state, count(*) FROM outbox GROUP BY state") == [("delivered", 2)]

        await run.until(delivered)


def test_live_positions_do_not_move(left: Left) -> None:
    def positions() -> list[tuple[object, ...]]:
        found = []
        for path in sorted((left.folder / "state" / "bus").glob("*")):
            if path.is_file() and path.read_bytes()[:6] == b"SQLite":
                with closing(sqlite3.connect(path)) as database:
                    names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
                    for table in names & {"positions", "groups", "offsets", "committed"}:
                        found += database.execute(f"SELECT * FROM {table}").fetchall()
        return found

    before = positions()
    assert before
    left.written(WATCHED)
    left.replayed()
    assert positions() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "a number with m, h or d is expected"),
        (["--resume"], "no replay was stopped before its end"),
        (["--resume", "--dry-run"], "a dry run is begun anew"),
    ],
)
def test_wrong_calls(left: Left, arguments: list[str], said: str) -> None:
    done = run("replay", *arguments, "--config", str(left.config))
    assert done.returncode == 2
    assert said in done.stderr.decode()
