"""`leakstream coverage`: what was seen, what was not, and the proof, from the terminal."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from alerting_samples import open_store
from ledgers import blind, poll, push
from monitor.commands.errors import Failure
from monitor.commands.spans import shown
from monitor.config import ConfigError
from monitor.coverage.items import Outcome
from monitor.store import ledger
from monitor.store.tables import coverage
from shell import call, run
from whole_service import configure, running

HOUR = 3600.0
NOW = time.time() // 60 * 60 - 60
SEEN, SKIPPED, DARK, NOBODY = NOW - 2 * HOUR, NOW - 2.5 * HOUR, NOW - 3 * HOUR, NOW - 5 * HOUR


def events() -> list[dict[str, Any]]:
    """Four hours, polled every minute, but for ten minutes."""
    told = []
    for n in range(240):
        at = NOW - 4 * HOUR + 60 * n
        if DARK - 300 <= at < DARK + 300:
            continue
        items = [push("some/body", at + 10)]
        items += [push("acme/x", SEEN + 5)] if at == SEEN else []
        items += [push("acme/x", SKIPPED + 5, Outcome.SKIPPED)] if at == SKIPPED else []
        met = {} if at != DARK + 300 else {"overlap": 0, "full": True}
        told.append(poll(at, None, *items, **met))
    return [
        *told,
        blind(DARK - 300, DARK + 300),
        blind(NOW - 60, NOW - 30, source="pastebin", feed="\x1b[31m"),
    ]


def put(folder: Path, *more: dict[str, Any]) -> None:
    async def work() -> None:
        store = await open_store(folder / "state")
        async with store.write() as connection:
            await ledger.append(connection, [*events(), *more], now=NOW)
        await store.close()

    (folder / "state").mkdir(exist_ok=True)
    asyncio.run(work())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger")
    path = configure(folder, "")
    put(folder)
    assert call("coverage", "key", "--new", "--config", str(path)).exit_code == 0
    return path


def say(config: Path, *arguments: str) -> str:
    done = call("coverage", *arguments, "--config", str(config))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def lines(config: Path, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in say(config, *arguments, "--format", "json").splitlines()]


def prove(config: Path, at: float, *arguments: str) -> str:
    when = shown(at).replace(" ", "T")
    return say(config, "prove", "--repo", "Acme/x", "--at", when, *arguments)


def test_show_counts_by_feed_and_tells_the_blind_spans(config: Path) -> None:
    told = lines(config, "show")
    (row,) = [each for each in told if each["kind"] == "counts" and each["feed"] == "/events"]
    assert (row["source"], round(row["listed"]), round(row["fetched"])) == ("github_events", 2302, 2070)
    assert row["capture_low"] <= row["capture"] <= row["capture_high"] <= 1
    assert round(row["skipped"]["size"]) == 230
    dark = [each for each in told if each["kind"] == "blind" and each["reason"] == "outage"]
    assert {(each["source"], each["since"], each["until"], each["repaired_by"]) for each in dark} == {
        ("github_events", DARK - 300, DARK + 300, ""),
        ("pastebin", NOW - 60, NOW - 30, ""),
    }
    table = say(config, "show")
    assert "\x1b" not in table
    assert re.search(r"github_events /events +\d+ \(\d+ - \d+\) +2302 +2070", table)
    assert (
        f"blind: github_events {shown(DARK - 300)} to {shown(DARK + 300)} (0:10:00): outage, not filled"
        in table
    )


def test_show_by_the_hour_of_one_source_and_of_less_time(config: Path) -> None:
    told = [
        each for each in lines(config, "show", "--by", "hour", "--source", "github_events") if "start" in each
    ]
    assert {each["source"] for each in told} == {"github_events"}
    assert len({each["start"] for each in told}) in (5, 6)
    (short,) = [each for each in lines(config, "show", "--since", "1h") if each.get("feed") == "/events"]
    passed = (time.time() - NOW) / 3600  # the entries were made when the tests were collected
    assert 450 - 600 * passed < short["listed"] < 620
    assert lines(config, "show", "--source", "nobody") == []


def test_plot_draws_each_feed_and_marks_what_was_blind(config: Path) -> None:
    drawn = say(config, "plot", "--since", "5h")
    assert "github_events /events  capture 99" in drawn or "github_events /events  capture 100" in drawn
    assert "█" in drawn
    assert "x" in drawn.split("┼")[1]
    assert "nothing is in the ledger" in say(config, "plot", "--source", "nobody")


def test_seen_says_where_and_its_proof_is_verified_offline(config: Path, tmp_path: Path) -> None:
    told = prove(config, SEEN, "--out", str(tmp_path / "proof.json"))
    assert told.startswith("seen: Acme/x on github.com at ")
    assert "fetched by github_events /events: published" in told
    assert re.search(r"entry \d+ of the ledger, written ", told)
    key = say(config, "key").strip()
    arguments = ["coverage", "verify", str(tmp_path / "proof.json"), "--key"]
    done = run(*arguments, key, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"the proof holds\nseen: Acme/x")
    done = run(*arguments, "0" * 64, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"signed by another key: " + key.encode() in done.stderr


def test_a_skipped_one_is_seen_too(config: Path) -> None:
    assert "skipped (size) by github_events /events" in prove(config, SKIPPED, "--within", "1m")


def test_not_seen_says_how_sure_that_is(config: Path, tmp_path: Path) -> None:
    told = prove(config, NOW - HOUR, "--out", str(tmp_path / "p"))
    assert told.startswith("not seen: ")
    assert re.search(
        r"github_events /events saw \d+\.\d% of that minute \(.*\): it would have missed this with", told
    )
    assert f"a feed may list it yet: ask again after {shown(NOW + 5 * HOUR)} UTC" in told
    assert re.search(r"\b1[1-3] entries tell of it, 0 of them sealed", told)
    assert call("coverage", "verify", str(tmp_path / "p")).exit_code == 0


def test_blind_says_when_and_why(config: Path, tmp_path: Path) -> None:
    told = prove(config, DARK, "--out", str(tmp_path / "p"), "--within", "0s")
    assert told.startswith("blind: ")
    assert f"github_events: outage from {shown(DARK - 300)} to {shown(DARK + 300)}, not filled" in told
    done = call("coverage", "verify", str(tmp_path / "p"))
    assert done.exit_code == 0
    assert "outage" in done.stdout


def test_nobody_looked_before_the_first_entry(config: Path, tmp_path: Path) -> None:
    assert "nobody looked: no entry" in prove(config, NOBODY, "--out", str(tmp_path / "p"))
    assert call("coverage", "verify", str(tmp_path / "p")).exit_code == 0


def test_json_has_the_whole_answer_and_the_proof(config: Path, tmp_path: Path) -> None:
    found = json.loads(prove(config, SEEN, "--format", "json", "--source", "github_events"))
    assert (found["word"], found["seen"][0]["outcome"]) == ("seen", "fetched")
    (tmp_path / "p").write_text(json.dumps(found["proof"]))
    assert call("coverage", "verify", str(tmp_path / "p")).exit_code == 0


def test_a_gap_that_was_filled_says_by_whom(tmp_path: Path) -> None:
    path = configure(tmp_path, "")
    put(tmp_path, poll(DARK - 300, DARK + 300, source="gharchive", feed="", repairs="github_events"))
    assert "filled by gharchive" in prove(path, DARK)
    assert "outage, filled by gharchive" in say(path, "show")


def test_seals_are_made_listed_and_checked(tmp_path: Path) -> None:
    path = configure(tmp_path, "")
    put(tmp_path)
    assert "0 seals, nothing yet; signed by nobody yet" in say(path, "check")
    key = say(path, "key", "--new").strip()
    done = say(path, "seal")
    (seal,) = lines(path, "seals")
    assert done.strip().endswith(seal["hash"])
    assert json.loads(seal["body"])["key"] == key
    assert seal["hash"] in say(path, "seals")
    assert f"signed by {key}" in say(path, "check")
    told = prove(path, SEEN, "--out", str(tmp_path / "p"))
    assert f"under seal 1 of {json.loads(seal['body'])['day']}: {seal['hash']}" in told
    assert re.search(r"the entry as it stands: \{.*\}\nits hash: [0-9a-f]{64}\n", told)
    (tmp_path / "ledger.key").unlink(missing_ok=True)
    for file in tmp_path.rglob("ledger.key"):
        file.unlink()
    unsigned = prove(path, SEEN, "--out", str(tmp_path / "p"))
    assert seal["hash"] in unsigned
    assert call("coverage", "verify", str(tmp_path / "p"), "--key", key).exit_code == 0
    again = call("coverage", "key", "--config", str(path))
    assert "no ledger key here" in str(again.exception)


def test_without_seal_and_key_a_proof_proves_nothing(tmp_path: Path) -> None:
    path = configure(tmp_path, "")
    put(tmp_path)
    assert "proves nothing before the day's seal" in prove(path, SEEN, "--out", str(tmp_path / "p"))
    done = call("coverage", "verify", str(tmp_path / "p"))
    assert isinstance(done.exception, Failure)
    assert (done.exception.status, "ask for it again" in str(done.exception).lower()) == (1, True)


def test_a_changed_ledger_is_said_to_be_broken(tmp_path: Path) -> None:
    path = configure(tmp_path, "")
    put(tmp_path)

    async def change() -> None:
        store = await open_store(tmp_path / "state")
        async with store.write() as connection:
            here = update(coverage).where(coverage.c.seq == 5)
            await connection.execute(here.values(body=coverage.c.body + " "))
        await store.close()

    asyncio.run(change())
    done = call("coverage", "check", "--config", str(path))
    assert isinstance(done.exception, Failure)
    assert (done.exception.status, str(done.exception)) == (
        1,
        "the ledger is broken: entry 5 was changed after it was written",
    )


def test_wrong_calls_say_what_is_right(config: Path, tmp_path: Path) -> None:
    for arguments, said in (
        (["show", "--since", "soon"], "is no time"),
        (["prove", "--repo", "a/b", "--at", "25:00"], "there is no such time"),
        (["prove", "--repo", "a/b", "--at", "12:00", "--date", "tomorrow"], "a day is written"),
        (["prove", "--repo", "a/b", "--at", "2023-01-01T00:00", "--within", "near"], "write 90s"),
        (["key", "--new"], "a key is never overwritten"),
    ):
        done = call("coverage", *arguments, "--config", str(config))
        assert isinstance(done.exception, Failure)
        assert said in str(done.exception)
        assert done.exception.status == 2
    for arguments, said in ((["nowhere.json"], "No such file"), (["x", "--key", "12"], "64 hex digits")):
        done = call("coverage", "verify", *arguments)
        assert isinstance(done.exception, Failure)
        assert (done.exception.status, said in str(done.exception)) == (2, True)
    elsewhere = call("coverage", "show", "--config", str(configure(tmp_path, "")))
    assert isinstance(elsewhere.exception, ConfigError)


async def test_a_running_service_makes_the_key_and_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = configure(tmp_path, f'[sources.directory]\npaths = ["{tmp_path}/in"]\n')
    async with running(path) as service:
        await service.until(lambda: any(tmp_path.rglob("ledger.key")))
        await service.until(
            lambda: (
                service.service.metrics.registry.get_sample_value(
                    "leakstream_ledger_sealed_day", {"day": "", "seal": ""}
                )
                is not None
            )
        )
        assert service.metric("ledger_broken") == 0
