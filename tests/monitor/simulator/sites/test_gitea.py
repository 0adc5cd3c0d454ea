from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from made_up import made_up
from monitor.simulator.sites.gitea import GiteaSite
from simulated import START, Simulated, simulated

API = "/gitea/api/v1"


@asynccontextmanager
async def forge(**options: Any) -> AsyncIterator[tuple[Simulated, GiteaSite]]:
    async with simulated(sites={"gitea": options}) as running:
        site = running.simulator.sites["gitea"][1]
        assert isinstance(site, GiteaSite)
        yield running, site


async def test_search_lists_the_last_changed_first_and_clamps_the_page() -> None:
    async with forge() as (running, site):
        for number in range(60):
            site.world.push(f"o/n{number}", START + number)
        site.world.touch("o/n0", START + 100)
        site.world.repo("o/hidden", START, private=True)
        answer = await running.get(f"{API}/repos/search?sort=updated&order=desc&limit=100")
        assert answer.json["ok"] is True
        names = [repo["full_name"] for repo in answer.json["data"]]
        assert names == ["o/n0", *(f"o/n{number}" for number in range(59, 10, -1))]
        assert answer.headers["X-Total-Count"] == "60"
        more = await running.get(answer.next())
        assert [repo["full_name"] for repo in more.json["data"]] == [f"o/n{n}" for n in range(10, 0, -1)]
        assert more.next() == ""
        assert len((await running.get(f"{API}/repos/search")).json["data"]) == 30


async def test_a_sort_that_there_is_not_answers_422() -> None:
    async with forge() as (running, _):
        answer = await running.get(f"{API}/repos/search?sort=pushed")
        assert (answer.status, answer.json) == (422, {"ok": False, "error": 'Invalid sort mode: "pushed"'})


async def test_content_is_json_inside_a_string_with_at_most_five_commits() -> None:
    async with forge() as (running, site):
        site.world.push("o/n", START - 10)
        made = site.world.push("o/n", START, plants=[b""] * 7)
        for path in ("repos/o/n", "orgs/o", "users/o"):
            newest, first = (await running.get(f"{API}/{path}/activities/feeds")).json
            content = json.loads(newest["content"])
            assert [commit["Sha1"] for commit in content["Commits"]] == [sha for sha, _ in made[:1:-1]]
            assert (content["Len"], content["HeadCommit"]["Sha1"]) == (7, made[-1][0])
            assert content["CompareURL"].endswith(f"...{made[-1][0]}")
            assert json.loads(first["content"])["CompareURL"] == ""
        missing = await running.get(f"{API}/orgs/nobody/activities/feeds")
        assert (missing.status, set(missing.json)) == (404, {"message", "url"})


async def test_commits_and_their_diffs() -> None:
    async with forge() as (running, site):
        ((first, _),) = site.world.push("o/n", START - 10, plants=[b"KEY=1\n"])
        ((second, path),) = site.world.push("o/n", START, plants=[b"KEY=2\n"])
        cheap = "stat=false&verification=false&files=false"
        listed = (await running.get(f"{API}/repos/o/n/commits?{cheap}")).json
        assert [commit["sha"] for commit in listed] == [second, first]
        assert listed[0]["parents"] == [{"sha": first}]
        diff = await running.get(f"{API}/repos/o/n/git/commits/{second}.diff")
        assert diff.headers["Content-Type"].startswith("text/plain")
        assert diff.body.startswith(f"diff --git a/{path} b/{path}\n".encode())
        assert b"\n+KEY=2" in diff.body
        root = await running.get(f"{API}/repos/o/n/git/commits/{first}.diff")
        assert root.body.startswith(f"commit {first}\nAuthor: ".encode())
        assert (await running.get(f"{API}/repos/o/n/git/commits/{'0' * 40}.diff")).status == 404
        assert running.simulator.journal.violations == []
        site.world.repo("o/empty", START)
        assert (await running.get(f"{API}/repos/o/empty/commits?{cheap}")).status == 409


def rules(running: Simulated) -> list[str]:
    return [violation.rule for violation in running.simulator.journal.violations]


async def test_who_asks_for_what_is_expensive_is_noted() -> None:
    async with forge() as (running, site):
        site.world.push("o/n", START)
        await running.get(f"{API}/repos/o/n/commits?stat=false&files=false")
        assert rules(running) == ["expensive"]


async def test_who_asks_too_fast_is_told_to_wait_and_noted_when_he_does_not() -> None:
    async with forge(per_minute=3) as (running, _):
        for _ in range(3):
            assert (await running.get(f"{API}/repos/search")).status == 200
        answer = await running.get(f"{API}/repos/search")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "30")
        assert (await running.get(f"{API}/repos/search", token="other")).status == 200
        assert (await running.get(f"{API}/repos/search")).status == 429
        assert rules(running) == ["requests_per_minute", "asked_while_waiting"]
        running.clock.advance(61)
        assert (await running.get(f"{API}/repos/search")).status == 200


@pytest.mark.parametrize("status", [429, 503])
async def test_the_proxy_refuses_everybody_for_a_while(status: int) -> None:
    async with forge() as (running, site):
        site.refuse(100, status)
        assert (await running.get(f"{API}/repos/search")).status == status
        assert rules(running) == []
        await running.get(f"{API}/repos/search")
        assert rules(running) == ["asked_while_waiting"]
        running.clock.advance(101)
        assert (await running.get(f"{API}/repos/search")).status == 200


async def test_what_is_planted_is_in_the_truth_and_in_the_commit_it_names() -> None:
    async with forge() as (running, site):
        rng = random.Random(3)
        for number in range(30):
            site.publish(START + number, made_up(rng), "owner" if number % 3 == 0 else "")
        assert len(running.simulator.truth) == 30
        for planting in running.simulator.truth:
            repo = site.world.repos[planting.repository.lower()]
            assert planting.secret in repo.commits[planting.commit].diff
            assert (planting.owner == "acme-corp") is (planting.watched == "owner")


async def test_memory_is_bounded() -> None:
    async with forge(owners=2) as (running, site):
        for number in range(1000):
            site.world.push("o/n", START + number, plants=[b""] * 6)
        assert len(site.world.repos["o/n"].commits) <= 5001
        assert len(site.world.feeds["o/n"]) == 400
        listed = await running.get(
            f"{API}/repos/o/n/commits?stat=false&verification=false&files=false&limit=50&page=100"
        )
        assert len(listed.json) == 50
