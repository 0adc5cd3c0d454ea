"""The API as its users and its abusers see it, on a real store."""

import orjson
import pytest

from alerting_samples import fingerprint
from api_site import COUNT, api_site
from browsing import ask
from monitor.web import Role

ONE = f"/api/v1/exposures/{fingerprint('a')}"
JSON = {"Content_Type": "application/json"}


@pytest.fixture
async def site(tmp_path):
    async with api_site(tmp_path) as run:
        yield run


async def get(site, path, who="viewer"):
    return await ask("GET", site.url + path, **site.people.bearer(who))


async def post(site, path, body=None, who="responder", **headers):
    data = orjson.dumps(body) if body is not None else None
    more = {**(JSON if body is not None else {}), **headers, **site.people.bearer(who)}
    return await ask("POST", site.url + path, data=data, **more)


async def test_every_operation_asks_for_its_role_and_for_somebody(site):
    asked = 0
    for path, methods in site.document["paths"].items():
        if not path.startswith("/api/"):
            continue
        for method, told in methods.items():
            url = site.url + path.replace("{id}", fingerprint("0"))
            refused = await ask(method.upper(), url)
            assert (refused.status, refused.headers["Content-Type"]) == (401, "application/problem+json")
            least = Role.of(told["x-role"])
            for role in Role:
                page = await ask(method.upper(), url, **site.people.bearer(role.word))
                assert (page.status == 403) is (role < least)
                asked += 1
    assert asked == 45


async def test_the_description_is_everybodys_and_that_of_what_is_served(site):
    page = await ask("GET", site.url + "/api/v1/openapi.json")
    assert page.json == site.document


async def test_pages_of_a_list(site):
    seen, after = [], ""
    while True:
        page = (await get(site, f"/api/v1/exposures?limit=5&after={after}")).json
        assert (page["total"], page["total_is_exact"]) == (COUNT, True)
        seen += [each["id"] for each in page["exposures"]]
        if not (after := page["next"]):
            break
    assert seen == [fingerprint("a" if n == 0 else str(n)) for n in reversed(range(COUNT))]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", COUNT),
        ("owned=none", 1),
        ("owned=none&owned=proved", COUNT + 1),
        ("severity=low", 0),
        ("severity=low&severity=high", COUNT),
        ("state=closed", 0),
        ("state=all", COUNT),
        ("q=code-7", 1),
        ("rule=example-token", COUNT),
        ("rule=other", 0),
        ("source=other", 0),
        ("within=1h", COUNT - 1),
        ("within=24h", COUNT),
    ],
)
async def test_filters(site, query, count):
    assert (await get(site, f"/api/v1/exposures?{query}")).json["total"] == count


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=501", "limit=1e2", "limit=%2B5", "limit=1&limit=2", "state=gone", "severity=worst", "owned=",
        "after=rubbish", "after=1:2", "page=1", "q=" + "x" * 201, "STATE=open", "rule=a'b",
    ],
)  # fmt: skip
async def test_a_wrong_word_is_named_and_not_repeated(site, query):
    page = await get(site, f"/api/v1/exposures?{query}")
    name, _, value = query.partition("&")[0].partition("=")
    assert page.status == 422
    assert page.json["detail"].startswith(name[:40])
    assert len(value) < 5 or value not in page.text


async def test_one_and_where_it_was_seen(site):
    page = await get(site, ONE)
    assert page.headers["ETag"].startswith('"')
    assert page.json["what"]["preview"] == "ex_…yz"
    assert page.json["history"][0]["actor"] == "a-viewer"
    assert "origin" not in page.json["history"][0]["detail"]
    seen = (await get(site, f"{ONE}/sightings")).json
    assert [each["number"] for each in seen["sightings"]] == [0, 1]
    assert (await get(site, f"/api/v1/exposures/{fingerprint('a')[:8]}")).json["id"] == fingerprint("a")
    for name in ("zz", "abc", "0" * 64, "%2e%2e", "a" * 65):
        assert (await get(site, f"/api/v1/exposures/{name}")).status == 404


async def test_nobodys_place_is_told_to_nobody(site):
    page = await get(site, f"/api/v1/exposures/{fingerprint('nobodys')}", who="admin")
    assert page.json["places"] == []
    assert page.json["where"]["repository"] == page.json["what"]["preview"] == ""


async def test_a_responders_day(site):
    taken = await post(site, f"{ONE}/acknowledge")
    assert taken.json["acknowledged"]["by"] == "a-responder"
    assert (await post(site, f"{ONE}/acknowledge")).status == 409
    assert (await post(site, f"{ONE}/revoke")).json["revoked_at"]
    closed = await post(site, f"{ONE}/close", {"reason": "revoked", "note": "rotated"})
    assert closed.json["closed"]["note"] == "rotated"
    assert (await post(site, f"{ONE}/close", {"reason": "revoked"})).status == 409
    again = await post(site, f"{ONE}/reopen", {"note": "it is still public"})
    assert again.json["state"] == "open"
    history = (await get(site, ONE)).json["changes"]
    verbs = [each["verb"] for each in history if each["actor"] == "a-responder"]
    assert verbs == ["reopened", "closed", "revoked", "acknowledged"]
    assert history[0]["detail"]["note"] == "it is still public"


async def test_who_saw_something_else_overwrites_nothing(site):
    seen = (await get(site, ONE)).headers["ETag"]
    taken = await post(site, f"{ONE}/acknowledge", If_Match=seen)
    assert taken.status == 200
    assert taken.headers["ETag"] != seen
    for stale in (seen, f"W/{seen}", "0", '""'):
        late = await post(site, f"{ONE}/close", {"reason": "test"}, If_Match=stale)
        assert late.status == 412
    assert (await get(site, ONE)).json["state"] == "open"
    for fresh in ("*", taken.headers["ETag"]):
        done = await post(site, f"{ONE}/close", {"reason": "test"}, If_Match=fresh)
        assert done.status in (200, 412)
        await post(site, f"{ONE}/reopen")
    assert (await post(site, f"{ONE}/close", {"reason": "test"}, If_Match="*")).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 415),
        (b"{", 422),
        (b"null", 422),
        (b'{"reason": "bored"}', 422),
        (b'{"reason": "test", "who": "me"}', 422),
        (b'{"reason": "test", "note": "' + b"x" * 1001 + b'"}', 422),
        (b'{"reason": "test", "note": 7}', 422),
        (b"[" * 20_000, 422),
        (b'"' + b"x" * 70_000 + b'"', 413),
    ],
)
async def test_a_wrong_body_does_nothing(site, body, status):
    headers = {**(JSON if body else {}), **site.people.bearer("responder")}
    page = await ask("POST", f"{site.url}{ONE}/close", data=body, **headers)
    assert (page.status, page.json["status"]) == (status, status)
    form = await ask(
        "POST", f"{site.url}{ONE}/close", data={"reason": "test"}, **site.people.bearer("responder")
    )
    assert form.status == 415
    assert (await post(site, f"{ONE}/acknowledge", {"by": "me"})).status == 422
    assert (await get(site, ONE)).json["state"] == "open"


async def test_what_was_seen_and_when_nothing_was(site):
    found = (await get(site, "/api/v1/coverage?span=1h")).json
    (lane,) = found["sources"]
    assert (lane["source"], lane["total"]["listed"]) == ("forge", 150)
    assert len(lane["bars"]) == 60
    assert (await get(site, "/api/v1/coverage?span=1h&source=other")).json["sources"] == []
    assert (await get(site, "/api/v1/coverage/ledger")).json["entries"] == 30
    at = "/api/v1/coverage/seen?repository=acme/code&at="
    assert (await get(site, f"{at}2023-11-15T12:05:00Z")).json["answer"] in ("not seen", "blind")
    for wrong in ("1700000000", "2023-11-15", "2023-11-15T12:05:00", "2023-13-15T12:05:00Z", "now"):
        assert (await get(site, at + wrong)).status == 422


async def test_whose_it_would_be(site):
    lists = (await get(site, "/api/v1/watch")).json["lists"]
    assert lists["organisations"]["entries"] == ["acme"]
    whose = await post(site, "/api/v1/watch/test", {"repository": "acme/code"}, who="viewer")
    assert whose.json["level"] == "proved"
    assert (await post(site, "/api/v1/watch/test", {}, who="viewer")).json["level"] == "none"


async def test_rules_health_and_me(site):
    rules = (await get(site, "/api/v1/rules?q=github")).json
    assert rules["rules"][0]["severity"]
    assert rules["total"] >= len(rules["rules"])
    assert (await get(site, "/api/v1/rules?page=9999")).json["rules"] == []
    health = (await get(site, "/api/v1/health")).json
    assert {sign["name"] for sign in health["signs"]} == {"Seeing", "Matching", "Telling"}
    assert (await get(site, "/api/v1/me")).json == {"name": "a-viewer", "role": "viewer"}
