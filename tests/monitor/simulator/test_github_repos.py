import base64

from monitor.simulator.model import Shape
from monitor.simulator.world import Change
from simulated import simulated


async def test_a_compare_shows_the_planted_line():
    async with simulated() as net:
        net.simulator.publish(20)
        place = net.simulator.publisher.leak(net.clock())
        event = (await net.get("/github/events")).json[0]
        span = f"{event['payload']['before']}...{event['payload']['head']}"
        answer = await net.get(f"/github/repos/{place.repository}/compare/{span}")
        file = answer.json["files"][0]
        assert answer.json["status"] == "ahead"
        assert file["filename"] == place.path
        assert file["sha"] == place.blob_sha
        assert any(place.secret.decode() in line for line in file["patch"].split("\n") if line[0] == "+")
        raw = await net.get(file["raw_url"])
        assert raw.body == net.simulator.world.blobs[place.blob_sha]


async def test_three_dots_hide_what_was_removed_again():
    async with simulated() as net:
        place = net.simulator.publisher.leak(net.clock(), shape=Shape.REMOVED)
        payload = next(e for e in (await net.get("/github/events")).json if e["id"] == place.document)[
            "payload"
        ]
        repo = f"/github/repos/{place.repository}"
        both = await net.get(f"{repo}/compare/{payload['before']}...{payload['head']}")
        assert place.secret not in both.body
        assert both.json["commits"][0]["sha"] == place.commit
        alone = await net.get(f"{repo}/commits/{place.commit}")
        assert place.secret in alone.body


async def test_at_most_250_commits_and_pages_oldest_first():
    async with simulated() as net:
        place = net.simulator.publisher.leak(net.clock(), shape=Shape.MANY_COMMITS)
        payload = next(e for e in (await net.get("/github/events")).json if e["id"] == place.document)[
            "payload"
        ]
        url = f"/github/repos/{place.repository}/compare/{payload['before']}...{payload['head']}"
        whole = (await net.get(url)).json
        assert (whole["total_commits"], len(whole["commits"])) == (256, 250)
        pages, path = [], f"{url}?per_page=100"
        while path:
            answer = await net.get(path)
            pages.append(answer.json)
            path = answer.next()
        assert ["files" in page for page in pages] == [True, False, False]
        shas = [c["sha"] for page in pages for c in page["commits"]]
        assert len(set(shas)) == 256
        assert shas[-1] == payload["head"]
        listed = (await net.get(f"/github/repos/{place.repository}/commits?per_page=100")).json
        assert listed[0]["sha"] == payload["head"]


async def test_at_most_300_files_in_a_compare_but_3000_in_a_commit():
    async with simulated() as net:
        place = net.simulator.publisher.leak(net.clock(), shape=Shape.MANY_FILES)
        repo = f"/github/repos/{place.repository}"
        compare = await net.get(f"{repo}/compare/{place.commit}...{place.commit}")
        assert compare.json["status"] == "identical"
        parent = (await net.get(f"{repo}/commits/{place.commit}")).json["parents"][0]["sha"]
        compare = await net.get(f"{repo}/compare/{parent}...{place.commit}")
        assert len(compare.json["files"]) == 300
        assert place.secret not in compare.body
        first = await net.get(f"{repo}/commits/{place.commit}")
        second = await net.get(first.next())
        assert len(first.json["files"]) == 300
        assert place.path in {f["filename"] for f in second.json["files"]}
        assert second.next() == ""


async def test_a_large_file_has_no_patch_but_a_blob():
    async with simulated() as net:
        place = net.simulator.publisher.leak(net.clock(), shape=Shape.NO_PATCH)
        repo = f"/github/repos/{place.repository}"
        file = (await net.get(f"{repo}/commits/{place.commit}")).json["files"][0]
        assert "patch" not in file
        assert file["changes"] > 20_000
        blob = (await net.get(f"{repo}/git/blobs/{file['sha']}")).json
        assert place.secret in base64.b64decode(blob["content"])
        raw = await net.get(f"{repo}/git/blobs/{file['sha']}", Accept="application/vnd.github.raw")
        assert place.secret in raw.body
        assert (await net.get(f"{repo}/git/blobs/{'0' * 40}")).status == 404
        as_text = await net.get(f"{repo}/commits/{place.commit}", Accept="application/vnd.github.diff")
        assert (as_text.status, as_text.json["errors"][0]["code"]) == (406, "too_large")


async def test_zeros_cannot_be_compared_and_a_forced_push_diverges():
    async with simulated() as net:
        place = net.simulator.publisher.leak(net.clock(), shape=Shape.NEW_BRANCH)
        repo = f"/github/repos/{place.repository}"
        assert (await net.get(f"{repo}/compare/{'0' * 40}...{place.commit}")).status == 404
        ahead = (await net.get(f"{repo}/compare/main...{place.commit}")).json
        assert (ahead["status"], ahead["ahead_by"]) == ("ahead", 1)
        forced = net.simulator.publisher.leak(net.clock(), shape=Shape.FORCED)
        payload = next(
            e for e in (await net.get("/github/events?per_page=100")).json if e["id"] == forced.document
        )["payload"]
        url = f"/github/repos/{forced.repository}/compare/{payload['before']}...{payload['head']}"
        assert (await net.get(url)).json["status"] == "diverged"


async def test_an_empty_repository_and_a_missing_one():
    async with simulated() as net:
        net.simulator.world.repository("o/empty")
        empty = await net.get("/github/repos/o/empty/commits")
        assert (empty.status, empty.json["message"]) == (409, "Git Repository is empty.")
        assert (await net.get("/github/repos/o/empty")).json["full_name"] == "o/empty"
        assert (await net.get("/github/repos/o/none/commits")).status == 404


async def test_a_renamed_repository_is_redirected_by_id():
    async with simulated() as net:
        world = net.simulator.world
        repo = world.repository("o/old")
        world.push(repo, [Change({"a": b"1\n"})], net.clock())
        world.rename("o/old", "o/new")
        moved = await net.get("/github/repos/o/old/commits?per_page=5")
        assert moved.status == 301
        assert moved.json["message"] == "Moved Permanently"
        assert moved.headers["Location"].endswith(f"/github/repositories/{repo.id}/commits?per_page=5")
        assert len((await net.get(moved.headers["Location"])).json) == 1
        assert (await net.get("/github/repos/O/NEW")).json["full_name"] == "o/new"


async def test_commits_are_filtered_and_paged():
    async with simulated() as net:
        world = net.simulator.world
        repo = world.repository("o/r")
        for number in range(5):
            files = {f"f{number % 2}": b"%d\n" % number}
            world.push(
                repo, [Change(files, f"c{number}", world.people[number % 3])], net.clock() + number * 60
            )
        url = "/github/repos/o/r/commits"

        async def messages(query):
            return [c["commit"]["message"] for c in (await net.get(url + query)).json]

        assert await messages("") == ["c4", "c3", "c2", "c1", "c0"]
        assert await messages("?path=f1") == ["c3", "c1"]
        assert await messages(f"?author={world.people[1].login}") == ["c4", "c1"]
        assert await messages("?since=2026-05-28T20:28:30Z") == ["c4", "c3", "c2"]
        assert await messages("?per_page=2&page=2") == ["c2", "c1"]
        assert (await net.get(f"{url}?since=tomorrow")).status == 422
        assert (await net.get(f"{url}?sha=nothing")).status == 404


async def test_a_diff_as_text():
    async with simulated() as net:
        place = net.simulator.publisher.leak(net.clock())
        url = f"/github/repos/{place.repository}/commits/{place.commit}"
        answer = await net.get(url, Accept="application/vnd.github.diff")
        assert answer.body.startswith(f"diff --git a/{place.path} b/{place.path}\n".encode())
        assert place.secret in answer.body
