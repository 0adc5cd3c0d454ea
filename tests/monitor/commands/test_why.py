"""`leakstream exposures show --why`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from alerting_samples import exposure, open_store, put
from shell import call
from whole_service import configure

REASONS = (
    {
        "kind": "domain",
        "entry": "acme.example",
        "found": "db.acme.example\x1b[1m",
        "proof": "claimed",
        "weight": 40,
    },
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why")
    path = configure(folder, "[policy]\nclaimed_tickets_per_hour = 7\n")
    (folder / "state").mkdir(mode=0o700)

    async def fill() -> None:
        store = await open_store(folder / "state")
        claimed = {"level": "claimed", "score": 40, "reasons": REASONS, "action": "record"}
        await put(
            store,
            exposure("a"),
            exposure("b", **claimed, decision="claimed_storm"),
            exposure("c", level="none", score=0, reasons=(), action="record", decision="unattributed"),
        )
        await store.close()

    asyncio.run(fill())
    return path


def say(config: Path, *arguments: str) -> str:
    done = call("exposures", "show", "--why", *arguments, "--config", str(config))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def ids(config: Path) -> dict[str, str]:
    listed = call("exposures", "list", "--json", "--config", str(config)).stdout.splitlines()
    return {each["owned"]["level"]: each["short"] for each in map(json.loads, listed)}


def test_one_that_pages(config: Path) -> None:
    text = say(config, ids(config)["proved"])
    assert "decided    page, by yours; nobody was told" in text
    assert "90      proved  the owner acme is your organisation (proved)" in text
    assert "yours_proved    page    no: verdict proved, it is unprovable" in text
    assert "yours           page    decides" in text
    assert "yours_lesser    ticket  not asked" in text
    assert "to page    it pages" in text


def test_one_that_the_storm_limit_kept_back(config: Path) -> None:
    text = say(config, ids(config)["claimed"])
    assert "\x1b" not in text
    assert "decided    record, by claimed_storm" in text
    assert "today      ticket, by claimed: the next sighting applies it" in text
    assert "to page    row yours would page it with owned proved, it is claimed" in text
    assert (
        "storm      0 of 7 tickets of claims began in the last hour; it kept a ticket of this one back"
        in text
    )


def test_one_of_nobody(config: Path) -> None:
    assert "no entry of [watch] fits" in say(config, ids(config)["none"])


def test_a_machine_may_read_it(config: Path) -> None:
    found = json.loads(say(config, ids(config)["claimed"], "--json"))
    assert found["today"] == {"action": "ticket", "row": "claimed"}
    assert [row["name"] for row in found["rows"] if row["decides"]] == ["claimed"]
    assert found["storm"] == {"limit": 7, "used": 0, "held": True}
