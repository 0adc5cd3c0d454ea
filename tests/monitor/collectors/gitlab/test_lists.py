from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collecting import START
from gitlab_answers import Answers, Asking, asking
from monitor.budget import Limited
from monitor.collectors.gitlab.lists import Project, WatchedProjects, pages, parse, projects
from monitor.collectors.gitlab.settings import GitLabSettings
from monitor.collectors.upstream import Refused, Unavailable
from monitor.watching import Watching

RECORDED = Path(__file__).parents[4].parent / "shared" / "payloads" / "gitlab"


def listed(number: int, path: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "path_with_namespace": path or f"acme/p{number}",
        "created_at": "2020-01-01T00:00:00.000Z",
        "last_activity_at": "2020-01-01T00:00:00.000Z",
        "visibility": "public",
        **more,
    }


async def test_only_public_projects_are_taken_and_what_is_none_is_counted() -> None:
    async with asking(Answers()) as ask:
        raw = [
            listed(1),
            listed(2, visibility="internal"),
            listed(3, visibility=None),
            None,
            {},
            listed(4, "../x"),
        ]
        assert [project.number for project in projects(ask.context, raw)] == [1, 3]
        assert ask.dropped("bad_project") == 3


def test_a_project_is_another_item_after_its_next_activity() -> None:
    first, second = (Project(1, "a/b", 5.0, at) for at in (5.0, 3700.0))
    assert first.key != second.key
    assert first.new_key == second.new_key
    assert len({first.key, first.new_key, Project(2, "a/b", 5.0, 5.0).key}) == 3


async def listing(ask: Asking, *answers: Any, limit: int = 10, stop_at: int = 0) -> Any:
    async def page(number: int) -> tuple[list[Any], bool]:
        answer = answers[number - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer, number < len(answers)

    async def enough(found: list[Any]) -> bool:
        return stop_at in found

    return await pages(ask.context, page, lambda raw: raw, limit=limit, enough=enough)


async def test_pages_until_the_last_until_enough_or_until_the_limit() -> None:
    async with asking(Answers()) as ask:
        found = await listing(ask, [1], [2], [3], stop_at=9)
        assert (found.found, found.full, found.whole) == ([1, 2, 3], False, True)
        found = await listing(ask, [1], [2], [3], stop_at=2)
        assert (found.found, found.full) == ([1, 2], False)
        found = await listing(ask, [1], [2], [3], limit=2)
        assert (found.found, found.full) == ([1, 2], True)


async def test_a_page_that_fails_leaves_what_came_before() -> None:
    async with asking(Answers()) as ask:
        for error in (Unavailable("timeout"), Limited(5.0), Refused("refused", 500)):
            found = await listing(ask, [1], error)
            assert (found.found, found.full, found.whole) == ([1], False, False)
        assert ask.dropped("page_failed") == 3
        found = await listing(ask, [1], Refused("refused", 405))
        assert (found.found, found.full, found.whole) == ([1], True, True)
        with pytest.raises(Unavailable):
            await listing(ask, Unavailable("timeout"))


def watched(ask: Asking, watch: Watching) -> WatchedProjects:
    return WatchedProjects(GitLabSettings(watched_history_days=1), ask.gitlab, watch)


async def test_groups_users_and_repositories_of_this_forge_are_asked_for() -> None:
    answers = Answers(
        {
            "/groups/acme/projects": [listed(1), listed(2, "acme/sub/p2")],
            "/users/someone/projects": [listed(3, "someone/p3")],
            "/projects/other%2Fname": listed(4, "other/name"),
        }
    )
    watch = Watching(
        organisations=("gitlab.com/acme", "github.com/elsewhere"),
        users=("someone",),
        repositories=("gitlab.com/other/name",),
    )
    async with asking(answers) as ask:
        own = watched(ask, watch)
        found, visits, trouble = await own.visits(ask.context)
        assert {project.number for project in found} == {1, 2, 3, 4}
        assert trouble is None
        assert {(visit.project, visit.own, visit.since) for visit in visits} == {
            (n, True, START - 86_400) for n in (1, 2, 3, 4)
        }
        asked = [path for path, _ in answers.asked]
        assert "/users/acme/projects" in asked  # a group's name may be a user's
        assert not any("elsewhere" in path for path in asked)
        group = next(query for path, query in answers.asked if path == "/groups/acme/projects")
        assert (group["include_subgroups"], group["visibility"]) == ("true", "public")
        # what is not there is asked for again after an hour
        answers.asked.clear()
        ask.bench.time.now += 3599
        await own.visits(ask.context)
        assert "/users/acme/projects" not in [path for path, _ in answers.asked]
        ask.bench.time.now += 1
        await own.visits(ask.context)
        assert "/users/acme/projects" in [path for path, _ in answers.asked]


async def test_active_projects_are_looked_into_each_time_and_the_others_hourly() -> None:
    answers = Answers(
        {
            "/groups/acme/projects": [
                listed(1),
                listed(2, last_activity_at="2026-05-28T20:00:00Z"),
                listed(3, last_activity_at=None),
            ]
        }
    )
    async with asking(answers) as ask:
        own = watched(ask, Watching(organisations=("acme",)))
        looked = []
        for _ in range(33):
            _, visits, _ = await own.visits(ask.context)
            looked.append(sorted(visit.project for visit in visits))
            ask.bench.time.now += 120
        assert looked[0] == [1, 2, 3]
        assert looked[1] == [2, 3]
        # 65 minutes after its last activity a push would have moved it
        assert looked[20] == [3]
        assert looked[29:31] == [[3], [1, 3]]


async def test_trouble_leaves_what_was_found() -> None:
    answers = Answers(
        {"/groups/a/projects": [listed(1)], "/groups/b/projects": 502, "/groups/c/projects": [listed(2)]}
    )
    async with asking(answers) as ask:
        own = watched(ask, Watching(organisations=("a", "b", "c")))
        found, visits, trouble = await own.visits(ask.context)
        assert [project.number for project in found] == [1]
        assert len(visits) == 1
        assert isinstance(trouble, Unavailable)


@given(
    st.none()
    | st.lists(st.integers())
    | st.dictionaries(
        st.sampled_from(["id", "path_with_namespace", "created_at", "last_activity_at"]),
        st.none() | st.integers() | st.text(max_size=20) | st.lists(st.none(), max_size=1),
    )
)
def test_any_json_is_a_project_or_none(raw: Any) -> None:
    found = parse(raw)
    assert found is None or (found.number > 0 and "/" in found.path)


@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded payloads here")
def test_recorded_projects_are_read() -> None:
    (raw,) = orjson.loads((RECORDED / "projects.json").read_bytes())
    found = parse(raw)
    assert found is not None
    assert (found.number, found.path) == (178504, "diaspora/diaspora")
    assert found.active_at is not None
    assert found.created_at is not None
    assert found.active_at > found.created_at
