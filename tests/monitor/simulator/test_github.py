import orjson

from simulated import START, simulated

EVENTS = "/github/events?per_page=100"


async def test_three_pages_of_a_hundred_and_no_fourth():
    async with simulated(seed=2) as net:
        net.simulator.publish(600)
        found = []
        path = f"{EVENTS}&page=1"
        while path:
            answer = await net.get(path)
            found += answer.json
            path = answer.next()
        assert len(found) == len({(e["type"], e["id"]) for e in found}) == 300
        refused = await net.get(f"{EVENTS}&page=4")
        assert refused.status == 422
        assert refused.json["status"] == "422"
        assert "pagination is limited" in refused.json["message"]
        assert (await net.get("/github/events?page=10")).status == 200
        assert (await net.get("/github/events?page=11")).status == 422
        assert len((await net.get("/github/events?per_page=1000")).json) == 100


async def test_the_etag_changes_with_any_event_and_a_304_is_free():
    async with simulated() as net:
        net.simulator.publish(30)
        first = await net.get(EVENTS)
        tag = first.headers["ETag"]
        assert tag.startswith('W/"')
        assert first.headers["X-Poll-Interval"] == "60"
        same = await net.get(EVENTS, If_None_Match=tag)
        assert (same.status, same.body) == (304, b"")
        assert same.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"] == "4999"
        assert (await net.get(EVENTS, If_None_Match=tag, Accept="other/type")).status == 200
        net.simulator.publisher.leak(net.clock(), kind="push")
        assert (await net.get(EVENTS, If_None_Match=tag)).status == 200


async def test_a_304_without_a_token_is_not_free():
    async with simulated() as net:
        tag = (await net.get(EVENTS, token="")).headers["ETag"]
        same = await net.get(EVENTS, token="", If_None_Match=tag)
        assert (same.status, same.headers["X-RateLimit-Remaining"]) == (304, "58")


async def test_payloads_are_the_trimmed_ones():
    async with simulated(seed=5) as net:
        net.simulator.publish(400)
        events = [e for page in (1, 2, 3) for e in (await net.get(f"{EVENTS}&page={page}")).json]
        payloads = {e["type"]: e["payload"] for e in events}
        assert set(payloads["PushEvent"]) == {"repository_id", "push_id", "ref", "head", "before"}
        assert payloads["PublicEvent"] == {}
        assert "body" in payloads["IssueCommentEvent"]["comment"]
        assert all(e["repo"]["url"].endswith(f"/github/repos/{e['repo']['name']}") for e in events)


async def test_feeds_of_one_repository_owner_and_user():
    async with simulated() as net:
        net.simulator.publish(300)
        place = net.simulator.publisher.leak(net.clock(), watched="owner")
        of_repo = (await net.get(f"/github/repos/{place.repository}/events")).json
        assert {e["repo"]["name"] for e in of_repo} == {place.repository}
        of_org = (await net.get("/github/orgs/acme-corp/events")).json
        assert place.document in {e["id"] for e in of_org}
        assert {e["repo"]["name"].partition("/")[0] for e in of_org} == {"acme-corp"}
        login = of_repo[0]["actor"]["login"]
        of_user = (await net.get(f"/github/users/{login}/events/public")).json
        assert {e["actor"]["login"] for e in of_user} == {login}
        assert (await net.get("/github/repos/no/body/events")).status == 404


async def test_a_stale_page_is_old_and_200():
    async with simulated() as net:
        net.simulator.publish(10, at=START - 9000)
        net.simulator.publish(10)
        net.simulator.faults.add("stale", "github.events", seconds=7200.0, times=1)
        stale = await net.get(EVENTS)
        assert stale.status == 200
        assert {e["created_at"] for e in stale.json} == {"2026-05-28T17:56:40Z"}
        assert (await net.get(EVENTS)).json != stale.json


async def test_rate_limit_is_free():
    async with simulated() as net:
        for _ in range(3):
            answer = await net.get("/github/rate_limit")
        assert orjson.loads(answer.body)["resources"]["core"]["remaining"] == 5000
