"""`leakstream deliveries`: a burst of wrong deliveries through the whole service, and the answer to what happened, with proof."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from browsing import ask
from delivering import (
    CUSTOMER,
    OTHER,
    OURS,
    SECRET,
    STRANGER,
    TEXT,
    body,
    envelope,
    message,
    messages,
    signed,
    tweet,
)
from monitor.commands.spans import shown
from monitor.config import ConfigError
from monitor.simulator.clock import AdjustableClock
from shell import call, run
from whole_service import Running, configure, running

CONFIG = f"""
[[sources.ingest.deliveries]]
name = "bot"
consumer_secret = "{SECRET}"
subscriptions = {{ "{OURS}" = [] }}
[[sources.ingest.deliveries]]
name = "quiet"
consumer_secret = "{SECRET}2"
subscriptions = {{ "{OURS}" = [] }}
"""
BURST = 1500


@dataclass
class World:
    config: Path
    begun: float
    exposures: list[dict[str, Any]] = field(default_factory=list)
    pages: list[bytes] = field(default_factory=list)


async def deliver(service: Running, value: object) -> None:
    text = body(value)
    answer = await ask("POST", f"{service.addresses.web}/ingest/deliveries/bot", data=text, **signed(text))
    assert answer.status == 200, answer.text


async def happen(world: World) -> None:
    """Two right ones, a burst of wrong ones between seven people, all of it twice, and a protected text a minute later."""
    clock = AdjustableClock(time.time() - 300)
    people = [str(5000 + n) for n in range(7)]
    async with running(world.config, clock=clock) as service:
        world.begun = clock()
        for _ in range(2):
            await deliver(service, messages(message(1), message(2)))
            for begin in range(0, BURST, 500):
                sent = [
                    message(begin + n + 10, sender=people[n % 7], recipient=people[(n + 1) % 7])
                    for n in range(500)
                ]
                await deliver(service, messages(*sent))
        clock.advance(61)
        await deliver(service, envelope(tweet_create_events=[tweet(STRANGER, protected=True)]))
        clock.advance(61)
        await deliver(service, messages(message(3)))  # makes the entry before it due

        async def done() -> bool:
            world.exposures = (await service.get("/api/v1/exposures?state=all&limit=10")).json["exposures"]
            return bool(world.exposures) and world.exposures[0]["sightings"] == BURST + 1

        await service.until(done)
        page = await service.get(f"/exposures/{world.exposures[0]['id']}")
        world.pages += [page.body, (await service.health("/metrics")).body]

        def told() -> bool:
            """Whether the ledger has what was delivered; the service may still be at it."""
            asked = run("deliveries", "show", "--json", "--config", str(world.config))
            return f'"delivered":{BURST + 3}'.encode() in asked.stdout

        async def known() -> bool:
            return await asyncio.to_thread(told)

        await service.until(known)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("deliveries")
    world = World(configure(folder, CONFIG), time.time())
    asyncio.run(happen(world))
    return world


def test_it_is_one_exposure_that_pages_and_counts_deliveries_and_people(world: World) -> None:
    (one,) = world.exposures
    assert (one["sightings"], one["owned"]["level"], one["action"]) == (BURST + 1, "proved", "page")
    assert one["what"]["severity"] == "critical"
    assert "webhook bot" in one["what"]["title"]


def test_the_page_and_the_report_say_what_to_do_and_how_many_people(world: World) -> None:
    name = world.exposures[0]["id"]
    done = call("exposures", "report", name, "--config", str(world.config))
    assert done.exit_code == 0, done.exception
    for text in (done.stdout, world.pages[0].decode()):
        assert "Switch off the webhook or subscription" in text
    assert "| at least 8 |" in done.stdout
    shown = call("exposures", "show", name, "--json", "--config", str(world.config))
    assert "it came to your own webhook bot, signed (proved)" in shown.stdout


def test_show_says_how_often_since_when_and_how_many_people(world: World) -> None:
    done = call("deliveries", "show", "--json", "--config", str(world.config))
    assert done.exit_code == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    bot, quiet = [each for each in told if each["kind"] == "webhook"]
    assert bot["delivered"] in (
        BURST + 3,
        BURST + 4,
    )  # the last one is told at the stop, or at the next start
    assert (bot["wrong"], bot["people"]) == (BURST + 1, 8)
    assert int(world.begun) <= bot["first"] <= bot["last"] - 60  # whole seconds
    assert bot["last"] <= time.time()
    assert (quiet["webhook"], quiet["delivered"], quiet["wrong"], quiet["first"]) == ("quiet", 0, 0, None)
    entries = [each for each in told if each["kind"] == "entry"]
    assert len(entries) == len(bot["entries"]) >= 2
    table = call("deliveries", "show", "--config", str(world.config)).stdout
    assert f"{BURST + 1}" in table
    assert entries[0]["hash"] in table
    assert call("deliveries", "show", "--since", "2100-01-01", "--config", str(world.config)).exit_code != 0


def prove(world: World, event: int, *arguments: str, subscription: str = OURS) -> str:
    at = shown(world.begun).replace(" ", "T")
    call_ = ["deliveries", "prove", "bot", str(event), "--subscription", subscription, "--at", at, *arguments]
    done = call(*call_, "--config", str(world.config))
    assert done.exit_code == 0, done.exception
    return done.stdout


def test_prove_says_of_one_event_whether_it_came_and_should_not_have(world: World, tmp_path: Path) -> None:
    assert prove(world, 900_010).startswith("delivered, and should not have been\nseen: ")
    assert prove(world, 900_001).startswith("delivered: seen\n")
    assert prove(world, 900_001, subscription=OTHER).startswith("delivered: not seen\n")
    assert prove(world, 800_000).startswith("delivered: not seen\n")
    out = tmp_path / "proof.json"
    prove(world, 900_010, "--out", str(out))
    verified = run("coverage", "verify", str(out))
    assert verified.returncode == 0, verified.stderr
    assert b"the proof holds\nseen: " in verified.stdout
    with pytest.raises(ConfigError, match="there is no other"):
        raise (
            call(
                "deliveries",
                "prove",
                "other",
                "1",
                "--subscription",
                OURS,
                "--at",
                "00:00",
                "--config",
                str(world.config),
            ).exception
            or AssertionError
        )


def test_no_message_and_no_id_stands_anywhere(world: World) -> None:
    words = [
        each.encode()
        for each in (TEXT, "name of ", f'"{STRANGER}"', f'"{CUSTOMER}"', "900010", "900100", '"5003"')
    ]
    texts = [
        (path.name, path.read_bytes())
        for path in sorted((world.config.parent / "state").rglob("*"))
        if path.is_file()
    ]
    texts += [("page", page) for page in world.pages]
    assert [(name, word) for name, text in texts for word in words if word in text] == []
    assert any(b"misdelivery" in text for _, text in texts)
