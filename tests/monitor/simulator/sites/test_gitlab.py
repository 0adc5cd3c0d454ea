from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from made_up import made_up
from monitor.simulator.gitlab_forge import Forge, Project, Shape
from monitor.simulator.sites.gitlab import GitLab
from monitor.simulator.world import Change
from simulated import START, Answer, Simulated, simulated

API = "/gitlab/api/v4"


def forge_of(net: Simulated) -> Forge:
    site = net.simulator.sites["gitlab"][1]
    assert isinstance(site, GitLab)
    return site.forge


async def get(net: Simulated, path: str) -> Answer:
    return await net.get(path if path.startswith("http") else f"{API}{path}", token="", PRIVATE_TOKEN="t")


def project_of(net: Simulated) -> Project:
    return next(iter(forge_of(net).projects.values()))


async def test_a_keyset_walks_all_projects_by_id_and_ends_without_a_link() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        url = "/projects?pagination=keyset&order_by=id&sort=asc&per_page=10"
        seen: list[int] = []
        for _ in range(5):
            answer = await get(net, url)
            seen += [project["id"] for project in answer.json]
            url = answer.next()
            if not url:
                break
        assert seen == sorted(forge_of(net).projects)
        assert "Link" not in answer.headers
        wrong = await get(net, "/projects?pagination=keyset&order_by=last_activity_at")
        assert wrong.status == 405


async def test_a_page_too_far_is_405() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        assert (await get(net, "/projects?per_page=100&page=501")).status == 200
        answer = await get(net, "/projects?per_page=100&page=502")
        assert answer.status == 405
        assert answer.json["error"].startswith("Offset pagination has a maximum allowed offset of 50000")


async def test_projects_by_activity_stand_still_for_an_hour() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        forge = forge_of(net)
        one, two = list(forge.projects.values())[:2]
        url = "/projects?order_by=last_activity_at&sort=desc&last_activity_after=2026-05-28T20:00:00Z"
        assert (await get(net, url)).json == []
        forge.push(one, [Change({"a": b"1"})], START)
        forge.push(two, [Change({"a": b"1"})], START + 10)
        forge.push(one, [Change({"a": b"2"})], START + 20)
        listed = (await get(net, url)).json
        assert [project["id"] for project in listed] == [two.id, one.id]
        assert listed[1]["last_activity_at"] == "2026-05-28T20:26:40.000Z"
        assert listed[0]["visibility"] == "public"


async def test_projects_by_number_path_group_and_user() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        forge = forge_of(net)
        sub = forge.create("acme-corp/sub/deep", START)
        assert (await get(net, f"/projects/{sub.id}")).json["path_with_namespace"] == "acme-corp/sub/deep"
        assert (await get(net, f"/projects/{quote('acme-corp/sub/deep', safe='')}")).json["id"] == sub.id
        missing = await get(net, "/projects/no%2Fwhere")
        assert (missing.status, missing.json) == (404, {"message": "404 Project Not Found"})
        flat = {p["id"] for p in (await get(net, "/groups/acme-corp/projects?per_page=100")).json}
        deep = {
            p["id"]
            for p in (await get(net, "/groups/acme-corp/projects?per_page=100&include_subgroups=true")).json
        }
        assert sub.id in deep - flat
        person = net.simulator.world.people[0].login
        mine = forge.create(f"{person}/mine", START)
        assert mine.id in {p["id"] for p in (await get(net, f"/users/{person}/projects?per_page=100")).json}
        assert (await get(net, "/groups/nobody/projects")).json == {"message": "404 Group Not Found"}
        assert (await get(net, "/users/nobody/projects")).status == 404


async def test_commits_of_all_branches_since_an_instant_and_between_two() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        forge, project = forge_of(net), project_of(net)
        base = project.repository.head
        tip = forge.push(project, [Change({"a": b"1"}, "one"), Change({"a": b"2"}, "two")], START)
        side = forge.push(project, [Change({"b": b"1"}, "three")], START + 5, branch="side")
        commits = f"/projects/{project.id}/repository/commits"
        found = await get(net, f"{commits}?all=true&since=2026-05-28T20:00:00Z")
        assert [commit["message"] for commit in found.json] == ["three", "two", "one"]
        assert "X-Total" not in found.headers
        between = (await get(net, f"{commits}?ref_name={base}..{tip}")).json
        assert [commit["message"] for commit in between] == ["two", "one"]
        assert between[0]["parent_ids"] == [between[1]["id"]]
        assert (await get(net, f"{commits}?ref_name=side")).json[0]["id"] == side
        assert (await get(net, f"{commits}?ref_name={'0' * 39}1..{tip}")).status == 404
        one = (await get(net, f"{commits}/{side}")).json
        assert one["author_email"].endswith("example.net")
        branches = (await get(net, f"/projects/{project.id}/repository/branches")).json
        assert {b["name"]: (b["default"], b["commit"]["id"]) for b in branches} == {
            "main": (True, tip),
            "side": (False, side),
        }


async def test_an_empty_project_has_no_repository() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        project = forge_of(net).create("someone/empty", START, push=False)
        for part in ("branches", "commits?all=true"):
            answer = await get(net, f"/projects/{project.id}/repository/{part}")
            assert (answer.status, answer.json) == (404, {"message": "404 Repository Not Found"})


async def test_a_difference_has_twenty_files_a_page() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        forge, project = forge_of(net), project_of(net)
        files: dict[str, bytes | None] = {f"{n:02d}": b"line\n" for n in range(45)}
        sha = forge.push(project, [Change(files)], START)
        url = f"/projects/{project.id}/repository/commits/{sha}/diff"
        pages = [await get(net, f"{url}?page={page}") for page in (1, 2, 3)]
        assert [len(page.json) for page in pages] == [20, 20, 5]
        entry = pages[0].json[0]
        assert (entry["diff"], entry["new_path"], entry["new_file"]) == ("@@ -0,0 +1 @@\n+line\n", "00", True)
        assert len((await get(net, f"{url}?per_page=100")).json) == 45


@pytest.mark.parametrize("flags", ["old", "new"])
async def test_a_large_file_comes_without_its_text_with_and_without_a_flag(flags: str) -> None:
    async with simulated(sites={"gitlab": {"flags": flags}}) as net:
        forge, project = forge_of(net), project_of(net)
        large = b"".join(b"%d\n" % n for n in range(40_000))
        sha = forge.push(project, [Change({"dir/big.sql": large, "small": b"x\n"})], START)
        entries: list[Any] = (await get(net, f"/projects/{project.id}/repository/commits/{sha}/diff")).json
        by_path = {entry["new_path"]: entry for entry in entries}
        assert by_path["dir/big.sql"]["diff"] == ""
        assert by_path["dir/big.sql"].get("too_large") is (True if flags == "new" else None)
        assert by_path["small"]["diff"]
        raw = await get(net, f"/projects/{project.id}/repository/files/dir%2Fbig.sql/raw?ref={sha}")
        assert raw.body == large
        missing = await get(net, f"/projects/{project.id}/repository/files/no/raw?ref={sha}")
        assert (missing.status, missing.json) == (404, {"message": "404 File Not Found"})


async def test_a_deleted_file_is_said_to_be_one() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        forge, project = forge_of(net), project_of(net)
        forge.push(project, [Change({"x": b"a\n"})], START)
        sha = forge.push(project, [Change({"x": None})], START)
        (entry,) = (await get(net, f"/projects/{project.id}/repository/commits/{sha}/diff")).json
        assert (entry["deleted_file"], entry["diff"]) == (True, "@@ -1 +0,0 @@\n-a\n")


async def test_snippets_are_listed_newest_first_and_read_file_by_file() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        forge, author = forge_of(net), net.simulator.world.people[0]
        forge.snippet({"a.txt": b"one"}, START, author, "t")
        made = forge.snippet({"read me.md": b"two", "b": b"three"}, START + 5, author, "t")
        listed = (await get(net, "/snippets/public")).json
        assert listed[0]["id"] == made.id
        assert len((await get(net, "/snippets/public?created_after=2026-05-28T20:26:43Z")).json) == 1
        assert listed[0]["files"][0]["raw_url"].endswith("/raw/main/read%20me.md")
        assert (await get(net, f"/snippets/{made.id}/raw")).body == b"two"
        assert (await get(net, f"/snippets/{made.id}/files/main/b/raw")).body == b"three"
        assert (await get(net, f"/snippets/{made.id}/files/master/b/raw")).status == 404
        assert (await get(net, "/snippets/1/raw")).status == 404


async def test_it_takes_part_in_the_mix_and_tells_the_truth() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        for _ in range(60):
            net.simulator.publisher.leak(START, kind="gitlab")
        planting = net.simulator.publisher.leak(START, kind="gitlab", watched="owner")
        assert (planting.owner, planting.watched) == ("acme-corp", "owner")
        truth = [p for p in net.simulator.truth if p.source == "gitlab"]
        assert len(truth) == 61
        assert {bool(p.commit) for p in truth} == {True, False}


async def test_a_push_of_every_shape_can_be_read() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        forge, project = forge_of(net), project_of(net)
        for shape in Shape:
            planted = made_up(net.simulator.world.rng)
            forge.publish_push(project, START, planted, "", shape)
            commit = net.simulator.truth[-1].commit
            answer = await get(
                net, f"/projects/{project.id}/repository/commits/{commit}/diff?per_page=100&page=2"
            )
            assert answer.status == 200
            assert bool(answer.json) is (shape is Shape.MANY_FILES)
