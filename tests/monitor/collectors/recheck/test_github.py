"""What is said of places on GitHub, as the small internet lets them come and go."""

from dataclasses import replace

import pytest

from collecting import START, Bench, reply, serving
from monitor.collectors.github.api import GitHubSettings
from monitor.collectors.recheck.facts import Facts
from monitor.collectors.recheck.github import GitHubLook
from monitor.collectors.recheck.target import NoVerdict, Target
from monitor.identity import blob_sha
from monitor.simulator.faults import FaultKind
from monitor.simulator.world import Change
from rechecking import context_of, small_internet

TEXT = b"key = 1\n"
NAME = "acme/code"


@pytest.fixture
async def place():
    async with small_internet() as made:
        made.repo = made.simulator.world.repository(NAME, START)
        made.simulator.world.push(made.repo, [Change({"README": b"x\n"})], START)
        made.simulator.world.push(made.repo, [Change({"a/key file.env": TEXT})], START + 1)
        settings = GitHubSettings(base_url=made.simulator.github_url, token="t")
        looks = GitHubLook(settings, made.bench.tools, Facts())
        made.target = Target(
            "github.com", NAME, made.repo.head, "refs/heads/main", "a/key file.env", "", blob_sha(TEXT)
        )
        made.look = lambda **other: looks.look(made.context, replace(made.target, **other))
        yield made


async def test_a_file_that_stands_and_costs_nothing_to_look_at_again(place):
    assert await place.look() == "public"
    begin = len(place.asked)
    assert await place.look() == "public"
    assert [(status, conditional) for _, status, conditional in place.asked[begin:]] == [(304, True)] * 2


async def test_a_file_cleaned_at_the_head_still_stands_in_the_history(place):
    place.fate.clean(NAME, "a/key file.env", START + 2)
    assert await place.look() == "cleaned"
    place.fate.clean(NAME, "a/key file.env", START + 3, TEXT)
    assert await place.look() == "public"
    place.fate.clean(NAME, "a/key file.env", START + 3, b"other\n")
    assert await place.look() == "cleaned"


async def test_a_file_on_another_branch_only(place):
    place.fate.clean(NAME, "a/key file.env", START + 2)
    place.simulator.world.push(place.repo, [Change({"a/key file.env": TEXT})], START + 3, branch="topic")
    assert await place.look() == "cleaned"
    assert await place.look(ref="refs/heads/topic") == "public"


async def test_a_history_that_was_rewritten(place):
    place.fate.rewrite(NAME)
    assert await place.look() == "removed"


async def test_a_repository_that_goes_and_comes(place):
    place.fate.delete(NAME)
    assert await place.look() == "removed"
    place.fate.restore(NAME)
    assert await place.look() == "public"
    place.fate.hide(NAME)
    assert await place.look() == "removed"
    place.fate.hide(NAME, private=False)
    assert await place.look() == "public"


async def test_a_repository_that_moved_is_not_gone(place):
    place.simulator.world.rename(NAME, "acme/moved")
    assert await place.look() == "public"


async def test_a_message_stands_with_its_commit(place):
    assert await place.look(path="", blob="") == "public"
    place.fate.rewrite(NAME)
    assert await place.look(path="", blob="") == "removed"


async def test_a_server_in_trouble_says_nothing(place):
    place.simulator.faults.add(FaultKind.STATUS, "github.repo", status=500)
    with pytest.raises(NoVerdict, match="unavailable"):
        await place.look()
    place.simulator.faults.clear()
    place.simulator.faults.add(FaultKind.RUBBISH, "github.contents")
    with pytest.raises(NoVerdict, match="unavailable"):
        await place.look()


@pytest.mark.parametrize(
    "other",
    [
        {"repository": "acme"},
        {"repository": "acme/../x"},
        {"path": "../../user"},
        {"commit": "main", "path": ""},
        {"commit": ""},
    ],
)
async def test_what_cannot_be_asked_is_not_guessed(place, other):
    with pytest.raises(NoVerdict, match="no_way"):
        await place.look(**other)


async def test_a_repository_without_more_can_only_be_gone(place):
    place.fate.delete(NAME)
    assert await place.look(commit="") == "removed"


async def test_gists_and_their_revisions(place):
    world = place.simulator.world
    gist = world.gist({"a.env": TEXT}, START, owner=world.person("ann"))
    target = {
        "forge": "gist.github.com",
        "repository": f"ann/{gist.id}",
        "path": "a.env",
        "commit": gist.revision,
    }
    assert await place.look(**target) == "public"
    world.gist({"a.env": b"clean\n"}, START + 1, gist_id=gist.id)
    assert await place.look(**target) == "cleaned"
    place.fate.forget_revisions(gist.id)
    assert await place.look(**target) == "removed"
    place.fate.delete_gist(gist.id)
    assert await place.look(**target) == "removed"
    place.fate.restore_gist(gist.id)
    world.gist({"a.env": TEXT}, START + 2, gist_id=gist.id)
    assert await place.look(**target) == "public"
    with pytest.raises(NoVerdict, match="no_way"):
        await place.look(**{**target, "repository": "ann/../x"})


@pytest.mark.parametrize(
    ("page", "path", "body"),
    [
        ("issues/7#issuecomment-12", "issues/comments/12", {"body": "it"}),
        ("pull/7#issuecomment-12", "issues/comments/12", {"body": "it"}),
        ("pull/7#discussion_r9", "pulls/comments/9", {"body": "it", "diff_hunk": ""}),
        ("pull/7#pullrequestreview-9", "pulls/7/reviews/9", {"body": "it"}),
        ("commit/abc#commitcomment-3", "comments/3", {"body": "it"}),
        ("issues/7", "issues/7", {"title": "it", "body": ""}),
        ("pull/7", "pulls/7", {"title": "", "body": "it"}),
        ("releases/tag/v1.0", "releases/tags/v1.0", {"name": "it", "body": ""}),
    ],
)
async def test_words_that_people_wrote(page, path, body):
    answers = [(200, body), (200, dict.fromkeys(body, "edited")), (404, {}), (200, body)]
    asked = []

    async def handle(request):
        asked.append(request.path)
        return reply(answers[0][1], answers.pop(0)[0])

    async with Bench() as bench, serving(handle) as url:
        look = GitHubLook(GitHubSettings(base_url=url), bench.tools, Facts())
        target = Target("github.com", NAME, url=f"https://github.com/{NAME}/{page}", blob=blob_sha(b"it"))
        said = [await look.look(context_of(bench), target) for _ in range(4)]
    assert said == ["public", "cleaned", "removed", "public"]
    assert set(asked) == {f"/repos/{NAME}/{path}"}


async def test_what_was_taken_down_is_gone_and_what_is_forbidden_is_not():
    status = [451, 403]

    async def handle(_):
        return reply({"message": "no"}, status.pop(0))

    async with Bench() as bench, serving(handle) as url:
        look = GitHubLook(GitHubSettings(base_url=url), bench.tools, Facts())
        target = Target("github.com", NAME, "c" * 40, "", "a", "", "")
        assert await look.look(context_of(bench), target) == "removed"
        with pytest.raises(NoVerdict, match="refused"):
            await look.look(context_of(bench), target)


async def test_large_files_of_a_gist_are_known_by_where_they_lie():
    sha = blob_sha(TEXT)
    file = {"truncated": True, "raw_url": f"https://gist.githubusercontent.com/a/ff/raw/{sha}/a.env"}

    async def handle(_):
        return reply({"id": "ff", "files": {"a.env": file}})

    async with Bench() as bench, serving(handle) as url:
        look = GitHubLook(GitHubSettings(base_url=url), bench.tools, Facts())
        target = Target("gist.github.com", "a/ffff", "", "", "a.env", "", sha)
        assert await look.look(context_of(bench), target) == "public"
        assert await look.look(context_of(bench), replace(target, blob="0" * 40)) == "cleaned"
