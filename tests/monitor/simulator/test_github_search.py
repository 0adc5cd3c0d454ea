from urllib.parse import quote

from monitor.simulator.world import Change
from simulated import simulated

PATH = "/github/search/code?q="


def fill(world, at, owner="octo", count=1, text=b"host = db.example.com\n"):
    repository = world.repository(f"{owner}/demo", at)
    files = {f"f{n}.py": text + b"%d" % n for n in range(count)}
    world.push(repository, [Change(files)], at)
    return repository


async def test_files_that_hold_every_term():
    async with simulated() as net:
        repository = fill(net.simulator.world, net.clock())
        fill(net.simulator.world, net.clock(), "acme", text=b"db.example.com and acme-key")
        found = (await net.get(PATH + quote('"db.example.com" -org:acme'))).json
        assert (found["total_count"], found["incomplete_results"]) == (1, False)
        (item,) = found["items"]
        assert (item["path"], item["repository"]["full_name"]) == ("f0.py", "octo/demo")
        assert item["sha"] == repository.commits[repository.head].tree["f0.py"]
        assert "text_matches" not in item
        assert (await net.get(PATH + "db.example.com+acme-key")).json["total_count"] == 1
        assert (await net.get(PATH + "db.example.com+repo:octo/demo")).json["total_count"] == 1


async def test_what_matched_is_shown_to_those_who_ask():
    async with simulated() as net:
        fill(net.simulator.world, net.clock())
        found = (await net.get(PATH + "db.example.com", Accept="application/vnd.github.text-match+json")).json
        (match,) = found["items"][0]["text_matches"]
        begin, end = match["matches"][0]["indices"]
        assert match["fragment"][begin:end] == "db.example.com"


async def test_a_token_is_needed_and_the_answer_names_a_bucket_of_its_own():
    async with simulated() as net:
        assert (await net.get(PATH + "x", token="")).status == 401
        found = await net.get(PATH + "x")
        assert found.headers["X-RateLimit-Resource"] == "code_search"
        assert "Sunset" in found.headers
        assert "Deprecation" in found.headers


async def test_nine_a_minute():
    async with simulated() as net:
        assert {(await net.get(PATH + "x")).status for _ in range(9)} == {200}
        assert net.simulator.journal.violations == []
        refused = await net.get(PATH + "x")
        assert (refused.status, refused.headers["X-RateLimit-Remaining"]) == (403, "0")
        await net.get(PATH + "x")
        rules = [violation.rule for violation in net.simulator.journal.violations]
        assert rules[:2] == ["code_search_per_minute", "told_to_wait"]
        net.clock.advance(61)
        assert (await net.get(PATH + "x")).status == 200


async def test_only_the_first_thousand():
    async with simulated() as net:
        net.simulator.search.limit = 200
        fill(net.simulator.world, net.clock(), count=250)
        first = await net.get(PATH + "db.example.com&per_page=100")
        second = await net.get(first.next())
        assert (first.json["total_count"], second.next()) == (250, "")
        assert len({item["path"] for item in first.json["items"] + second.json["items"]}) == 200
        beyond = await net.get(PATH + "db.example.com&per_page=100&page=3")
        assert beyond.status == 422
        assert "Only the first" in beyond.json["message"]


async def test_queries_that_are_none():
    async with simulated() as net:
        for query in ("", "org:acme", "x" * 257, "a+AND+b+AND+c+AND+d+AND+e+AND+f+AND+g"):
            assert (await net.get(PATH + query)).status == 422


async def test_a_search_that_timed_out_says_so():
    async with simulated() as net:
        net.simulator.search.incomplete = 1.0
        fill(net.simulator.world, net.clock(), count=10)
        found = (await net.get(PATH + "db.example.com")).json
        assert (found["incomplete_results"], len(found["items"])) == (True, 5)


async def test_large_files_are_not_found():
    async with simulated() as net:
        fill(net.simulator.world, net.clock(), text=b"db.example.com" + b"\n" * 400_000)
        assert (await net.get(PATH + "db.example.com")).json["total_count"] == 0
