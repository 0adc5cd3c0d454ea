"""The source that looks again: what is asked is answered with a word, or with none; nothing else leaves it."""

import asyncio

import orjson
import pytest
from pydantic import ValidationError

from collecting import START
from monitor.collectors.sources.recheck import PLUGIN
from monitor.contracts import Request, Sighting
from monitor.identity import blob_sha
from monitor.simulator.faults import FaultKind
from monitor.simulator.world import Change
from rechecking import small_internet

TEXT = b"key = 1\n"
NAME = "acme/code"


def request(number=0, kind="recheck", target=None, **at):
    asked = {"place": f"{number:032x}", "blob": blob_sha(TEXT), **at}
    return Request(kind, "recheck", orjson.dumps(asked).decode() if target is None else target, START)


class World:
    def __init__(self, place):
        self.place = place
        self.bench = place.bench
        repo = place.simulator.world.repository(NAME, START)
        place.simulator.world.push(repo, [Change({"a.env": TEXT})], START)
        self.file = {"forge": "github.com", "repository": NAME, "commit": repo.head, "path": "a.env"}
        self.page = {"forge": "x.example", "url": f"{place.simulator.base_url}/nowhere"}

    async def look(self, *requests, seconds=60, **settings):
        """What is said to them, in that time."""
        base = {
            "base_url": self.place.simulator.github_url,
            "pastebin_url": self.place.simulator.pastebin_url,
        }
        source = PLUGIN.build(PLUGIN.settings.model_validate(base | settings), self.bench.tools)
        await self.bench.state.add_requests(requests)
        begin = len(self.bench.producer.sightings)
        await self.bench.run("recheck", source, seconds)
        return self.bench.producer.sightings[begin:]


@pytest.fixture
async def world():
    async with small_internet(sites={"gitea": {}, "gitlab": {}}) as place:
        yield World(place)


async def test_each_request_is_answered_once_with_a_word(world):
    asked = [request(0, **world.file), request(1, **world.page)]
    answers = await world.look(*asked)

    assert {(each.answers, each.public) for each in answers} == {
        (asked[0].target, "public"),
        (asked[1].target, "removed"),
    }
    assert all(each.source == "recheck" and not each.blob_sha and each.seen_at >= START for each in answers)
    assert world.bench.state.asked == {}
    assert world.bench.producer.documents == []
    assert await world.look() == []


async def test_who_does_not_say_is_answered_with_nothing(world):
    world.place.simulator.faults.add(FaultKind.STATUS, "*", status=503)
    (answer,) = await world.look(request(0, **world.page))

    assert answer.public == ""
    assert (
        world.bench.metric("leakstream_dropped_total", stage="collect", reason="no_verdict_unavailable") == 1
    )


async def test_a_limit_is_obeyed_and_says_nothing(world):
    world.place.simulator.faults.add(FaultKind.STATUS, "github.repo", status=429, times=1)
    first, second = request(0, **world.file), request(1, **world.file)
    answers = await world.look(first, second, seconds=20)

    assert [each.public for each in answers] == ["", ""]
    assert len(world.place.simulator.journal.of("github.repo")) == 1
    assert list(world.place.simulator.journal.violations) == []


async def test_what_is_no_request_of_ours_is_dropped(world):
    bad = [request(kind="sweep", **world.file), request(target="rubbish")]
    assert await world.look(*bad) == []
    assert world.bench.state.asked == {}
    assert world.bench.metric("leakstream_dropped_total", stage="collect", reason="bad_request") == 2


async def test_what_a_bus_does_not_take_is_answered_later(world):
    world.bench.producer.refusals = 3
    (answer,) = await world.look(request(0, **world.file))

    assert answer.public == "public"


async def test_answers_are_all_that_a_source_may_say_of_places(world):
    context = world.place.context
    for wrong in (
        Sighting("recheck", "b" * 40, START),
        Sighting(
            "recheck",
            "",
            START,
            answers="x",
            place=Sighting("x", "", 0.0).place.__class__(url="https://x.example"),
        ),
    ):
        with pytest.raises(ValueError, match="sighting"):
            await context.emit(sightings=[wrong])
    await asyncio.sleep(0)
    assert world.bench.producer.messages == []


async def test_forges_are_found_by_their_names(world):
    async def said(**settings):
        (answer,) = await world.look(
            request(0, forge="git.example", repository=NAME, commit="c" * 40), **settings
        )
        return answer.public

    assert await said() == ""  # no address, and nobody who knows it
    forge = {
        "kind": "gitea",
        "base_url": f"{world.place.simulator.site_url('gitea')}/api/v1",
        "forge": "git.example",
    }
    assert await said(forges=[forge]) == "removed"
    with pytest.raises(ValidationError):
        PLUGIN.settings.model_validate({"forges": [{**forge, "kind": "svn"}]})


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
@pytest.mark.parametrize("right", [True, False])
async def test_a_wrong_address_in_the_configuration_removes_nothing(world, kind, right):
    """It says 404 to everything: every exposure would close itself."""
    simulator = world.place.simulator
    apis = {
        "github": simulator.github_url,
        "gitlab": f"{simulator.site_url('gitlab')}/api/v4",
        "gitea": f"{simulator.site_url('gitea')}/api/v1",
    }
    base_url = apis[kind] if right else f"{simulator.base_url}/nothing"
    forge = {"kind": kind, "base_url": base_url, "forge": "git.example"}
    settings = {"base_url": base_url, "forge": "git.example"} if kind == "github" else {"forges": [forge]}
    asked = request(0, forge="git.example", repository="nobody/nothing", commit="c" * 40)
    (answer,) = await world.look(asked, **settings)

    assert answer.public == ("removed" if right else "")


HOSTILE = {
    FaultKind.CLOSE: {}, FaultKind.TRUNCATED: {}, FaultKind.CUT_CHUNK: {}, FaultKind.EMPTY: {}, FaultKind.RUBBISH: {},
    FaultKind.WRONG_TYPE: {}, FaultKind.DEEP: {}, FaultKind.DEEP_LIST: {}, FaultKind.REDIRECT_LOOP: {},
    FaultKind.PRIVATE_REDIRECT: {}, FaultKind.GZIP_BOMB: {"size": 64 * 1024 * 1024}, FaultKind.ENDLESS: {},
    FaultKind.STATUS: {"status": 403}, FaultKind.TLS: {},
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_server_removes_nothing(world, kind):
    """Of a file that stands and of one that is gone: whatever comes is no verdict, and afterwards both are told rightly."""
    world.place.simulator.faults.add(kind, "github.*", **HOSTILE[kind])
    there, gone = request(0, **world.file), request(1, **{**world.file, "repository": "nobody/nothing"})
    answers = {each.answers: each.public for each in await world.look(there, gone, seconds=200)}
    assert answers == {there.target: "", gone.target: ""}

    world.place.simulator.faults.clear()
    world.bench.time.now += 4000
    answers = {each.answers: each.public for each in await world.look(there, gone)}
    assert answers == {there.target: "public", gone.target: "removed"}
