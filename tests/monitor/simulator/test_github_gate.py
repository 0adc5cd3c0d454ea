import aiohttp

from simulated import START, simulated

EVENTS = "/github/events"


async def test_every_client_has_its_own_hour():
    async with simulated(per_hour_with_token=2, per_hour_without_token=1) as net:
        assert [(await net.get(EVENTS, token="a")).status for _ in range(3)] == [200, 200, 403]
        refused = await net.get(EVENTS, token="a")
        assert refused.headers["X-RateLimit-Remaining"] == "0"
        assert refused.headers["X-RateLimit-Reset"] == str(int(START) + 3600)
        assert "rate limit" in refused.json["message"]
        assert (await net.get(EVENTS, token="b")).status == 200
        assert [(await net.get(EVENTS, token="")).status for _ in range(2)] == [200, 403]
        net.clock.advance(3600)
        assert (await net.get(EVENTS, token="a")).status == 200


async def test_points_a_minute_are_the_secondary_limit():
    async with simulated(points_per_minute=2) as net:
        answers = [await net.get(EVENTS) for _ in range(3)]
        assert [a.status for a in answers] == [200, 200, 403]
        assert "secondary rate limit" in answers[2].json["message"]
        assert 60 <= int(answers[2].headers["Retry-After"]) <= 61
        assert int(answers[2].headers["X-RateLimit-Remaining"]) > 0
        net.clock.advance(61)
        assert (await net.get(EVENTS)).status == 200


async def test_limits_on_demand():
    async with simulated() as net:
        net.simulator.faults.add("secondary", "github.*", times=1)
        net.simulator.faults.add("secondary", "github.*", times=1, retry_after=7)
        net.simulator.faults.add("primary", "github.*", times=1, status=429)
        bare, told, primary, after = [await net.get(EVENTS) for _ in range(4)]
        assert (bare.status, "Retry-After" in bare.headers) == (403, False)
        assert (told.status, told.headers["Retry-After"]) == (403, "7")
        assert (primary.status, primary.headers["X-RateLimit-Remaining"]) == (429, "0")
        assert after.status == 403


async def test_no_user_agent_is_forbidden_and_a_wrong_version_refused():
    async with simulated() as net:
        url = net.simulator.base_url + EVENTS
        async with aiohttp.request("GET", url, headers={"User-Agent": ""}) as answer:
            assert answer.status == 403
        assert (await net.get(EVENTS, X_GitHub_Api_Version="1999-01-01")).status == 400
        assert (await net.get(EVENTS, X_GitHub_Api_Version="2022-11-28")).status == 200
        assert (await net.get(EVENTS + "/")).status == 404
