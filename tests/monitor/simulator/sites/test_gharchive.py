from __future__ import annotations

import gzip
import hashlib
import random
from typing import Any

import orjson
import pytest

from made_up import made_up
from monitor.simulator.sites.gharchive import GhArchive
from simulated import START, Simulated, simulated

HOUR = 3600
# START is 2026-05-28T20:26:40Z
NAMED, NEXT = "2026-05-28-20", "2026-05-28-21"


def site(net: Simulated) -> GhArchive:
    found = net.simulator.sites["gharchive"][1]
    assert isinstance(found, GhArchive)
    return found


def rules(net: Simulated) -> list[str]:
    return [violation.rule for violation in net.simulator.journal.violations]


async def hour(net: Simulated, place: str, name: str = NAMED) -> list[Any]:
    answer = await net.get(f"/gharchive/{place}/{name}.json.gz", token="")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/gzip"
    return [orjson.loads(text) for text in gzip.decompress(answer.body).splitlines()]


async def test_the_mirror_has_every_event_and_the_archive_few() -> None:
    async with simulated(sites={"gharchive": {"observed_after": 0.0, "loss": 0.9}}) as net:
        net.simulator.publish(1500)
        net.clock.advance(2 * HOUR)
        mirror, archive = await hour(net, "mirror"), await hour(net, "archive")
        shown = net.simulator.world.feed.newest(net.clock())
        assert {(e.type, e.id) for e in shown} <= {(e["type"], e["id"]) for e in mirror}
        assert len(mirror) > 1000
        assert 0.05 < len(archive) / len(mirror) < 0.15
        known = [orjson.dumps(e) for e in mirror]
        assert all(orjson.dumps(e) in known for e in archive)
        assert rules(net) == []


async def test_an_hour_is_there_minutes_after_it_and_many_members_long() -> None:
    async with simulated(sites={"gharchive": {"observed_after": 0.0, "ready_minutes": 5}}) as net:
        net.simulator.publish(1000)
        net.clock.advance(START // HOUR * HOUR + HOUR - START + 299)
        path = f"/gharchive/mirror/{NAMED}"
        assert (await net.get(f"{path}.json.gz")).status == 404
        assert (await net.get(f"{path}.manifest.json")).status == 404
        assert rules(net) == []
        net.clock.advance(60)
        answer = await net.get(f"{path}.json.gz")
        assert answer.body.count(b"\x1f\x8b\x08") >= 3
        manifest = (await net.get(f"{path}.manifest.json")).json
        assert manifest["compressed_bytes"] == len(answer.body)
        assert manifest["sha256"] == hashlib.sha256(answer.body).hexdigest()
        assert manifest["event_count"] == gzip.decompress(answer.body).count(b"\n")


async def test_an_event_is_filed_by_when_it_was_observed() -> None:
    async with simulated(sites={"gharchive": {"observed_after": 1200.0}}) as net:
        late = START // HOUR * HOUR + HOUR - 5
        net.clock.advance(late - START)
        net.simulator.publish(200)
        net.clock.advance(3 * HOUR)
        times = {e["created_at"] for e in await hour(net, "mirror", NEXT)}
        assert times == {"2026-05-28T20:59:55Z"}


async def test_an_hour_without_events_is_an_empty_file_and_one_of_before_none() -> None:
    async with simulated(sites={"gharchive": {}}) as net:
        net.clock.advance(5 * HOUR)
        assert await hour(net, "mirror", NEXT) == []
        for name in ("2026-05-28-19", "2026-05-28-09", "2026-05-28-24", "2026-13-28-9", "2030-01-01-1", "x"):
            assert (await net.get(f"/gharchive/mirror/{name}.json.gz")).status == 404


async def test_it_can_lie_break_off_and_lose_an_hour() -> None:
    async with simulated(
        sites={"gharchive": {"wrong_hashes": 1, "cut_short": 1, "observed_after": 0}}
    ) as net:
        net.simulator.publish(500)
        net.clock.advance(2 * HOUR)
        path = f"/gharchive/mirror/{NAMED}"
        lies, cut = [(await net.get(f"{path}.{end}")) for end in ("manifest.json", "json.gz")]
        manifest, whole = [(await net.get(f"{path}.{end}")) for end in ("manifest.json", "json.gz")]
        assert lies.json["sha256"] != manifest.json["sha256"]
        assert whole.body.startswith(cut.body)
        assert len(cut.body) == len(whole.body) // 2
        with pytest.raises(EOFError):
            gzip.decompress(cut.body)
        site(net).missing.add(NAMED)
        assert (await net.get(f"{path}.json.gz")).status == 404


async def test_who_does_not_wait_is_told() -> None:
    async with simulated(sites={"gharchive": {}}) as net:
        path = f"/gharchive/mirror/{NAMED}.json.gz"
        await net.get(path)
        assert rules(net) == ["hour_not_over"]
        net.clock.advance(30)
        await net.get(path, User_Agent="")
        assert rules(net)[1:] == ["user_agent", "missing_asked_again", "hour_not_over"]


async def test_old_hours_are_forgotten() -> None:
    async with simulated(sites={"gharchive": {"kept_hours": 2, "observed_after": 0}}) as net:
        for _ in range(5):
            net.simulator.publish(20)
            net.clock.advance(HOUR)
        assert len(site(net)._hours["mirror"]) == 2
        assert (await net.get(f"/gharchive/mirror/{NAMED}.json.gz")).status == 404


async def test_what_is_planted_here_is_in_the_file() -> None:
    async with simulated(sites={"gharchive": {"observed_after": 0}}) as net:
        planting = net.simulator.publisher.leak(START, kind="gharchive", watched="owner")
        assert (planting.source, planting.owner) == ("gharchive", "acme-corp")
        site(net).publish(START, None, "")
        site(net).publish(START, made_up(random.Random(1)), "domain")
        net.clock.advance(2 * HOUR)
        events = await hour(net, "mirror")
        assert planting.secret.decode() in events[0]["payload"]["comment"]["body"]
        assert len(events) == 3
