from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from collecting import START
from gitlab_answers import OLD, OTHER, SHA, Answers, Asking, asking, commit
from monitor.collectors.gitlab.heads import Heads, branch_key
from monitor.collectors.gitlab.project import Look, ProjectReader, Wish
from monitor.collectors.upstream import Refused

BRANCHES = "/projects/7/repository/branches"
COMMITS = "/projects/7/repository/commits"
MAIN = branch_key("main")
BEFORE = Heads(START - 600, {MAIN: OLD})


def branch(name: str, sha: str, *, default: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "default": default, "commit": commit(sha, **more)}


async def look(
    ask: Asking,
    before: Heads | None = BEFORE,
    *,
    since: float | None = START - 3900,
    seen: Collection[str] = (),
    own: bool = False,
    whole: bool = False,
) -> Look:
    async def unseen(shas: Collection[str]) -> set[str]:
        return set(shas) - set(seen)

    reader = ProjectReader(ask.gitlab, max_commits=100)
    return await reader.look(ask.context, Wish(7, since, own, whole), before, unseen)


def queries(answers: Answers) -> list[dict[str, str]]:
    return [
        {k: v for k, v in query.items() if k not in ("page", "per_page")}
        for path, query in answers.asked
        if path == COMMITS
    ]


async def test_where_no_branch_moved_one_request_says_so() -> None:
    answers = Answers({BRANCHES: [branch("main", OLD, default=True), branch("copy", OLD)]})
    async with asking(answers) as ask:
        found = await look(ask)
        assert found.commits == {}
        assert found.heads == Heads(START, {MAIN: OLD, branch_key("copy"): OLD})
        assert len(answers.asked) == 1


async def test_a_push_is_what_was_committed_since_the_last_look() -> None:
    answers = Answers(
        {
            BRANCHES: [branch("main", SHA, default=True)],
            COMMITS: [commit(SHA, parent_ids=[OTHER]), commit(OTHER, parent_ids=[OLD])],
        }
    )
    async with asking(answers) as ask:
        assert list((await look(ask)).commits) == [SHA, OTHER]
        # a quarter of an hour before the last look: committers' clocks differ
        assert queries(answers) == [{"all": "true", "since": "2026-05-28T20:01:40Z"}]


async def test_a_commit_with_an_old_date_is_found_by_its_branch() -> None:
    def listed(request: Any) -> Any:
        from collecting import reply

        return reply([commit(SHA, parent_ids=[OLD])] if "ref_name" in request.query else [])

    answers = Answers({BRANCHES: [branch("main", SHA, default=True)], COMMITS: listed})
    async with asking(answers) as ask:
        assert list((await look(ask)).commits) == [SHA]
        assert queries(answers)[1] == {"ref_name": f"{OLD}..{SHA}"}


async def test_a_new_branch_is_what_the_default_branch_had_not() -> None:
    answers = Answers(
        {
            BRANCHES: [branch("main", OLD, default=True), branch("feature", SHA)],
            COMMITS: [commit(SHA, parent_ids=[OTHER])],
        }
    )
    async with asking(answers) as ask:
        await look(ask)
        assert queries(answers)[1:] == [{"ref_name": f"{OLD}..{SHA}"}]
    async with asking(answers) as ask:
        answers.asked.clear()
        await look(ask, seen=[OTHER])  # its history meets a commit that was read
        assert len(queries(answers)) == 1


async def test_where_the_old_head_is_gone_the_branch_is_read_from_its_top() -> None:
    from collecting import reply

    def listed(request: Any) -> Any:
        name = request.query.get("ref_name", "")
        if ".." in name:
            return reply({"message": "404 Commit Not Found"}, status=404)
        return reply([commit(SHA)] if name == SHA else [])

    answers = Answers({BRANCHES: [branch("main", SHA, default=True)], COMMITS: listed})
    async with asking(answers) as ask:
        assert list((await look(ask)).commits) == [SHA]
        assert ask.dropped("old_head_gone") == 1


async def test_the_first_look_is_bounded_and_a_new_projects_is_not() -> None:
    answers = Answers({BRANCHES: [branch("main", SHA, default=True)], COMMITS: [commit(SHA)]})
    async with asking(answers) as ask:
        await look(ask, None)
        await look(ask, None, since=None)
        assert queries(answers) == [{"all": "true", "since": "2026-05-28T19:21:40Z"}, {"all": "true"}]


async def test_a_first_look_that_no_date_explains_reads_the_newest_commit_and_is_counted() -> None:
    answers = Answers({BRANCHES: [branch("x", OTHER), branch("main", SHA, default=True)], COMMITS: []})
    async with asking(answers) as ask:
        assert list((await look(ask, None)).commits) == [SHA]
        assert ask.dropped("first_look_older") == 1


async def test_an_empty_project_is_met_again_as_one_without_branches() -> None:
    answers = Answers({BRANCHES: 404})
    async with asking(answers) as ask:
        found = await look(ask, None, since=None)
        assert (found.absent, found.heads) == (True, Heads(START, {}))
        answers.of |= {
            BRANCHES: [branch("main", SHA, default=True)],
            COMMITS: [commit(SHA, parent_ids=[OTHER])],
        }
        await look(ask, found.heads)
        assert queries(answers)[-1] == {"ref_name": SHA}


@pytest.mark.parametrize("status", [401, 403, 451])
async def test_what_may_not_be_seen_is_a_verdict(status: int) -> None:
    async with asking(Answers({BRANCHES: status})) as ask:
        with pytest.raises(Refused) as caught:
            await look(ask)
        assert caught.value.status == status


async def test_a_strangers_flood_is_cut_and_said_so_and_a_watched_one_read() -> None:
    pages = [[commit(f"{page:02d}{n:02d}" * 10) for n in range(20)] for page in range(1, 31)]
    answers = Answers({BRANCHES: [branch("main", SHA, default=True)], COMMITS: pages}, paged={COMMITS})
    async with asking(answers) as ask:
        found = await look(ask, None)
        assert (len(found.commits), found.cut) == (20, True)
        found = await look(ask, None, own=True)
        assert (len(found.commits), found.cut) == (600, False)
        found = await look(ask, Heads(START, {MAIN: SHA}), own=True, whole=True)
        assert (len(found.commits), found.cut) == (600, False)
        assert queries(answers)[-1] == {"all": "true"}


async def test_messages_without_end_are_cut() -> None:
    pages = [
        [commit(f"{page:02d}{n:02d}" * 10, message="x" * 500_000) for n in range(20)] for page in range(1, 9)
    ]
    answers = Answers({BRANCHES: [branch("main", SHA, default=True)], COMMITS: pages}, paged={COMMITS})
    async with asking(answers) as ask:
        found = await look(ask, None, own=True)
        assert (len(found.commits), found.cut) == (80, True)


async def test_many_branches_are_a_counted_limit() -> None:
    many = [[branch(f"b{page}.{n}", f"{page:02d}{n:02d}" * 10) for n in range(20)] for page in range(1, 5)]
    answers = Answers({BRANCHES: many, COMMITS: []}, paged={BRANCHES})
    async with asking(answers) as ask:
        found = await look(ask)
        assert len(found.heads.branches) == 60
        # of sixty that moved, twenty are asked for; and there was a fourth page
        assert len(queries(answers)) == 21
        assert ask.dropped("branches_over_limit") == 41


async def test_rubbish_in_the_lists_is_counted() -> None:
    answers = Answers(
        {BRANCHES: [None, {}, {"commit": 5}, branch("main", SHA)], COMMITS: [None, 5, {}, commit()]}
    )
    async with asking(answers) as ask:
        assert list((await look(ask)).commits) == [SHA]
        assert ask.dropped("bad_commit") == 3
