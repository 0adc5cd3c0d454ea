"""GitLab, Gitea and Forgejo, on their small internets."""

from dataclasses import replace

import pytest

from collecting import START, Bench, reply, serving
from monitor.collectors.recheck.facts import Facts
from monitor.collectors.recheck.others import KNOWN, ForgeSettings, GiteaLook, GitLabLook
from monitor.collectors.recheck.target import NoVerdict, Target
from monitor.identity import blob_sha
from monitor.simulator.world import Change
from rechecking import context_of, small_internet

TEXT = b"key = 1\n"


def settings(kind, url):
    return ForgeSettings.model_validate(
        {"kind": kind, "base_url": url, "forge": "f.example", "token": "t", "requests_per_minute": 600}
    )


async def test_projects_of_gitlab():
    async with small_internet(sites={"gitlab": {}}) as place:
        forge = place.simulator.sites["gitlab"][1].forge
        place.simulator.sites["gitlab"][1].publish(START, None, "")
        project = next(iter(forge.projects.values()))
        forge.push(project, [Change({"a b/k.env": TEXT})], START + 1)
        api = f"{place.simulator.site_url('gitlab')}/api/v4"
        look = GitLabLook(settings("gitlab", api), place.bench.tools, Facts())
        head = project.repository.head
        target = Target("f.example", project.path, head, "", "a b/k.env", "", blob_sha(TEXT))

        assert await look.look(place.context, target) == "public"
        forge.push(project, [Change({"a b/k.env": None})], START + 2)
        assert await look.look(place.context, target) == "cleaned"
        del project.repository.commits[head]
        assert await look.look(place.context, target) == "removed"
        del forge.projects[project.id]
        assert await look.look(place.context, target) == "removed"
        with pytest.raises(NoVerdict, match="no_way"):
            await look.look(place.context, replace(target, repository="alone"))


async def test_snippets_of_gitlab():
    status = [200, 404]

    async def handle(request):
        assert request.path == "/snippets/77/raw"
        return reply("text", status.pop(0))

    async with Bench() as bench, serving(handle) as url:
        look = GitLabLook(settings("gitlab", url), bench.tools, Facts())
        target = Target("f.example", "ann/snippets/77", url="https://f.example/-/snippets/77")
        assert [await look.look(context_of(bench), target) for _ in range(2)] == ["public", "removed"]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [("gitlab", {"id": 1, "visibility": "internal"}), ("gitea", {"id": 1, "private": True})],
)
async def test_what_only_its_members_see_is_not_public(kind, answer):
    """The configured token may see more than strangers do."""

    async def handle(_):
        return reply(answer)

    async with Bench() as bench, serving(handle) as url:
        look = (GitLabLook if kind == "gitlab" else GiteaLook)(settings(kind, url), bench.tools, Facts())
        assert await look.look(context_of(bench), Target("f.example", "a/b", "c" * 40, path="x")) == "removed"


async def test_repositories_of_gitea():
    async with small_internet(sites={"gitea": {}}) as place:
        site = place.simulator.sites["gitea"][1]
        while not any(repo.files for repo in site.world.repos.values()):
            site.publish(START, None, "")
        repo = next(repo for repo in site.world.repos.values() if repo.files)
        path, content = next(iter(repo.files.items()))
        commit = repo.branches["main"]
        api = f"{place.simulator.site_url('gitea')}/api/v1"
        look = GiteaLook(settings("gitea", api), place.bench.tools, Facts())
        target = Target("f.example", repo.name, commit, "", path, "", blob_sha(content))

        assert await look.look(place.context, target) == "public"
        repo.files[path] = content + b"more"
        assert await look.look(place.context, target) == "cleaned"
        del repo.commits[commit]
        assert await look.look(place.context, target) == "removed"
        repo.private = True
        assert await look.look(place.context, target) == "removed"
        with pytest.raises(NoVerdict, match="no_way"):
            await look.look(place.context, replace(target, repository="a/b/c"))


async def test_a_page_that_tests_for_bots_says_nothing():
    async def handle(_):
        from aiohttp import web

        return web.Response(text="<!doctype html><script>", content_type="text/html")

    async with Bench() as bench, serving(handle) as url:
        look = GiteaLook(settings("gitea", url), bench.tools, Facts())
        with pytest.raises(NoVerdict, match="unavailable"):
            await look.look(context_of(bench), Target("f.example", "a/b", "c" * 40))


def test_the_large_ones_are_known():
    assert {each.forge for each in KNOWN} == {"gitlab.com", "codeberg.org"}
