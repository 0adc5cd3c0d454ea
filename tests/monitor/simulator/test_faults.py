import gzip
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from monitor.http import Failure, HttpClient, HttpError
from monitor.simulator.clock import AdjustableClock
from monitor.simulator.faults import FaultKind, Faults
from simulated import simulated

LIST = "/pastebin/api_scraping.php"


def test_after_times_and_until():
    clock = AdjustableClock(0.0, speed=0)
    faults = Faults(clock)
    faults.add(FaultKind.CLOSE, "a.*", after=1, times=2)
    faults.add(FaultKind.EMPTY, "*.b", until=10.0)
    picked = [faults.pick("a.b") for _ in range(4)]
    assert [f and f.kind for f in picked] == ["empty", "close", "close", "empty"]
    assert faults.pick("a.c") is None
    clock.advance(10.0)
    assert faults.pick("a.b") is None


def test_since_spares_what_comes_before():
    clock = AdjustableClock(0.0, speed=0)
    faults = Faults(clock)
    faults.add(FaultKind.CLOSE, since=5.0, until=10.0)
    assert faults.pick("x") is None
    clock.advance(5.0)
    assert faults.pick("x") is not None


def test_probability_is_seeded():
    def picks(seed):
        faults = Faults(AdjustableClock(0.0, speed=0), seed)
        faults.add(FaultKind.STATUS, probability=0.3)
        return [faults.pick("x") is not None for _ in range(1000)]

    assert picks(1) == picks(1) != picks(2)
    assert 200 < sum(picks(1)) < 400


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        (FaultKind.STATUS, 502, b"<html>"),
        (FaultKind.RUBBISH, 200, b'{"a":['),
        (FaultKind.WRONG_TYPE, 200, b"Just a moment"),
        (FaultKind.EMPTY, 200, b""),
        (FaultKind.REDIRECT_LOOP, 302, b""),
        (FaultKind.PRIVATE_REDIRECT, 302, b""),
        (FaultKind.TLS, 302, b""),
        (FaultKind.DEEP, 200, b'{"items":' * 100),
        (FaultKind.DEEP_LIST, 200, b"[" * 100),
        (FaultKind.SLOW, 200, b"[]"),
    ],
)
async def test_wrong_answers(kind, status, body):
    async with simulated() as net:
        net.simulator.faults.add(kind, "pastebin.list", times=1, seconds=0.01)
        wrong = await net.get(LIST)
        assert wrong.status == status
        assert body in wrong.body
        assert (await net.get(LIST)).json == []
        assert [a.fault for a in net.simulator.journal.of("pastebin.list")] == [kind, ""]


@pytest.mark.parametrize("kind", [FaultKind.CLOSE, FaultKind.HANG, FaultKind.TRUNCATED, FaultKind.CUT_CHUNK])
async def test_cut_connections(kind):
    async with simulated() as net:
        net.simulator.faults.add(kind, times=2, seconds=0.01)  # aiohttp's client asks twice by itself
        with pytest.raises(aiohttp.ClientError):
            await net.get(LIST)
        net.simulator.faults.clear()
        assert (await net.get(LIST)).status == 200


async def test_a_gzip_bomb_is_small_on_the_wire():
    async with simulated() as net:
        net.simulator.faults.add(FaultKind.GZIP_BOMB, size=1_000_000, times=1)
        url = net.simulator.base_url + LIST
        async with aiohttp.ClientSession(auto_decompress=False) as session, session.get(url) as answer:  # noqa: TID251
            packed = await answer.read()
        assert len(packed) < 10_000
        assert len(gzip.decompress(packed)) == 1_000_000


async def test_a_hanging_answer_does_not_keep_the_server_up():
    async with simulated() as net:
        net.simulator.faults.add(FaultKind.HANG)
        with pytest.raises(TimeoutError):
            async with aiohttp.request(
                "GET", net.simulator.base_url + LIST, timeout=aiohttp.ClientTimeout(total=0.05)
            ):
                pass


async def asked(url, **details):
    async with HttpClient(user_agent="tests", allow_private=("127.0.0.1",), **details) as http:
        with pytest.raises(HttpError) as caught:
            await http.request("GET", url, max_bytes=1024 * 1024)
    return caught.value.reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FaultKind.DRIP, Failure.TIMEOUT),
        (FaultKind.ENDLESS, Failure.TOO_LARGE),
        (FaultKind.GZIP_BOMB, Failure.TOO_LARGE),
        (FaultKind.CUT_CHUNK, Failure.TRUNCATED),
        (FaultKind.TLS, Failure.TLS),
        (FaultKind.PRIVATE_REDIRECT, Failure.REFUSED_ADDRESS),
    ],
)
async def test_what_our_own_client_says_of_them(kind, reason):
    async with simulated() as net:
        net.simulator.faults.add(kind, pace=0.02)
        limits = {"timeout": 0.3, "idle": 0.2} if kind is FaultKind.DRIP else {}
        assert await asked(net.simulator.base_url + LIST, **limits) is reason


async def test_a_wrong_clock_is_wrong_in_everything_it_says():
    async with simulated() as net:
        net.simulator.faults.add(FaultKind.SKEW, seconds=-7200.0)
        wrong = await net.get("/github/gists/public")
        assert parsedate_to_datetime(wrong.headers["Date"]).timestamp() == net.clock() - 7200
        assert int(wrong.headers["X-RateLimit-Reset"]) == net.clock() + 3600 - 7200


async def test_a_page_that_comes_twice():
    async with simulated() as net:
        net.simulator.world.gist({"a": b"1"}, net.clock())
        net.simulator.world.gist({"b": b"2"}, net.clock())
        first, second = "/github/gists/public?per_page=1&page=1", "/github/gists/public?per_page=1&page=2"
        assert (await net.get(first)).json != (await net.get(second)).json
        net.simulator.faults.add(FaultKind.DUPLICATE)
        assert (await net.get(first)).json == (await net.get(second)).json
