from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from collecting import START, Bench, MemoryProducer, MemoryState, reply, serving
from gitlab_answers import OLD, OTHER, SHA, commit, entry
from monitor.collectors.shapes import iso
from monitor.collectors.sources.gitlab import PLUGIN, Settings
from monitor.coverage.items import Outcome, place_of, unpack

NAME = "gitlab"


class Forge:
    """One project at 7 whose branch stands at `head`; `answers` overrule by the end of a path."""

    def __init__(self) -> None:
        self.active = START - 30
        self.head = SHA
        self.commits: list[Any] = [commit(SHA, committed_date=iso(START - 60), message="why")]
        self.files: list[Any] = [entry()]
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        self.asked.append(path)
        for end, answer in self.answers.items():
            if path.endswith(end):
                return self.made(answer)
        if path == "/projects" and "pagination" not in request.query:
            listed = {"id": 7, "path_with_namespace": "g/p", "last_activity_at": iso(self.active)}
            return reply(
                [listed] if request.query["order_by"] == "last_activity_at" else [listed | {"id": 9}]
            )
        if path.endswith("/branches"):
            return reply([{"name": "main", "default": True, "commit": commit(self.head)}])
        if path.endswith("/commits"):
            return reply(self.commits)
        if path.endswith("/diff"):
            return reply(self.files)
        return reply([])

    @staticmethod
    def made(answer: Any) -> web.StreamResponse:
        if isinstance(answer, list) and answer and answer[0] == "one by one":
            answer = answer.pop(1) if len(answer) > 2 else answer[1]
        if isinstance(answer, int):
            return reply({"message": str(answer)}, status=answer)
        return web.Response(body=answer) if isinstance(answer, bytes) else reply(answer)


async def run(
    forge: Forge,
    seconds: float = 59.0,
    *,
    state: MemoryState | None = None,
    producer: MemoryProducer | None = None,
    now: float = START,
    **given: Any,
) -> Bench:
    async with serving(forge.handle) as base, Bench(state, producer) as bench:
        bench.time.now = now
        made = Settings.model_validate({"base_url": base, "token": "not-a-token", **given})
        await bench.run(NAME, PLUGIN.build(made, bench.tools), seconds)
        return bench


async def test_a_push_becomes_its_message_and_its_difference() -> None:
    bench = await run(Forge())
    message, diff = sorted(bench.producer.documents, key=lambda d: d.media_type)
    assert (message.content, message.id) == (b"why", f"g/p@{SHA}#message")
    assert (diff.content, diff.id) == (b"@@ -0,0 +1 @@\n+x = 1\n", f"g/p@{SHA}:a.py")
    assert diff.published_at == START - 60
    assert diff.provenance.author_email == "a@example.com"


async def test_the_ledger_adds_up_and_names_the_push() -> None:
    bench = await run(Forge())
    events = bench.producer.coverage
    expected = sum(event.expected or 0 for event in events)
    assert expected == 2  # the project's activity, and its commit
    assert sum(event.fetched for event in events) == 2
    found = [i for event in events for i in unpack(event.items) if i.place == place_of("gitlab.com", "g/p")]
    assert {(i.at, i.outcome) for i in found if i.at == START - 60} == {
        (START - 60, Outcome.LISTED),
        (START - 60, Outcome.FETCHED),
    }


async def test_nothing_is_read_twice_and_the_next_push_is() -> None:
    forge, state, producer = Forge(), MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    await run(forge, state=state, producer=producer, now=START + 60)
    assert len(producer.documents) == 2
    forge.head = OTHER
    forge.active = START + 3700
    forge.commits.insert(0, commit(OTHER, committed_date=iso(START + 3690), parent_ids=[SHA]))
    await run(forge, state=state, producer=producer, now=START + 3720)
    assert [d.provenance.commit for d in producer.documents[2:]] == [OTHER, OTHER]


async def test_a_commit_with_an_unlikely_date_came_when_the_project_was_active() -> None:
    forge = Forge()
    forge.commits = [
        commit(SHA, committed_date=iso(START + 9e5), parent_ids=[OTHER]),
        commit(OTHER, committed_date=iso(START - 9e6)),
        commit(OLD, committed_date=None, created_at=[]),
    ]
    bench = await run(forge)
    assert {d.published_at for d in bench.producer.documents} == {START - 30}


async def test_a_merge_is_not_read_as_a_difference_but_its_message_is() -> None:
    forge = Forge()
    forge.commits = [commit(SHA, parent_ids=[OTHER, OLD])]
    bench = await run(forge)
    assert [d.id for d in bench.producer.documents] == [f"g/p@{SHA}#message"]
    assert bench.producer.skipped() == {"merge": 1}
    assert not any(path.endswith("/diff") for path in forge.asked)


async def test_commits_over_the_limit_are_counted_and_the_newest_read() -> None:
    forge = Forge()
    forge.commits = [commit(f"{n:02d}" * 20, committed_date=iso(START - n)) for n in range(1, 9)]
    bench = await run(forge, max_commits=3)
    assert {d.provenance.commit for d in bench.producer.documents} == {f"{n:02d}" * 20 for n in (1, 2, 3)}
    assert bench.producer.skipped() == {"commit_over_limit": 5}


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "forbidden"), (404, "gone"), (451, "legal"), (410, "refused")]
)
async def test_a_verdict_on_a_commit_is_counted_and_never_asked_for_again(status: int, reason: str) -> None:
    forge = Forge()
    forge.answers = {"/diff": status}
    bench = await run(forge, 3 * 3600)
    assert bench.producer.skipped() == {reason: 1}
    assert sum(path.endswith("/diff") for path in forge.asked) == 1
    assert bench.metric("leakstream_source_blind", source=NAME) == 0


async def test_passing_trouble_with_a_commit_is_tried_again_for_more_than_an_hour_and_then_counted() -> None:
    forge = Forge()
    forge.answers = {"/diff": 503}
    bench = await run(forge, 3600)
    assert bench.producer.skipped() == {}
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    bench = await run(forge, 8 * 3600)
    assert bench.producer.skipped() == {"unavailable": 1}


async def test_trouble_that_passes_loses_nothing() -> None:
    forge = Forge()
    forge.answers = {"/diff": ["one by one", *[502] * 7, b"[" * 2000, b"{}", b"", forge.files]}
    bench = await run(forge, 3 * 3600)
    assert any(d.media_type == "text/x-diff" for d in bench.producer.documents)
    assert bench.producer.skipped() == {}


async def test_json_of_a_hundred_levels_is_read_past() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = {"id": deep, "name": [deep]} if isinstance(deep, str) else {"id": deep}
    forge = Forge()
    forge.commits += [deep, {"id": OTHER, "parent_ids": deep}]
    forge.files += [deep, {"new_path": deep, "diff": deep}]
    forge.answers = {"/snippets/public": [deep, {"id": 1, "created_at": deep, "files": deep}]}
    bench = await run(forge)
    assert {d.provenance.path for d in bench.producer.documents} == {"a.py", ""}
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="bad_shape") == 4


async def test_after_a_restart_the_author_is_asked_for_again() -> None:
    forge, state, producer = Forge(), MemoryState(), MemoryProducer()
    forge.answers = {"/diff": 503}
    await run(forge, state=state, producer=producer)
    saved = state.cursors[NAME, "queue"]
    assert SHA in saved
    assert "a@example.com" not in saved
    forge.answers = {f"/commits/{SHA}": commit(SHA)}
    await run(forge, 600, state=state, producer=producer, now=START + 120)
    (diff,) = [d for d in producer.documents if d.media_type == "text/x-diff"]
    assert diff.provenance.author_email == "a@example.com"
    assert diff.published_at == START - 60


async def test_the_address_of_a_banned_client_is_silent() -> None:
    forge = Forge()
    asked: list[float] = []

    class Banned(Forge):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            asked.append(0.0)
            return web.Response(status=403, text="Forbidden\n")

    bench = await run(Banned(), 3600)
    assert len(asked) <= 5
    assert bench.metric("leakstream_source_blind", source=NAME) == 1
    assert forge.asked == []


async def test_only_what_is_to_be_read_is_asked_for() -> None:
    forge = Forge()
    await run(forge, read=["snippets"])
    assert set(forge.asked) == {"/snippets/public"}
    forge.asked.clear()
    await run(forge, 300, read=["watched"])
    assert forge.asked == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(["", "g/p", SHA, "..", iso(START - 9)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "name",
                    "commit",
                    "parent_ids",
                    "path_with_namespace",
                    "last_activity_at",
                    "created_at",
                    "committed_date",
                    "diff",
                    "new_path",
                    "files",
                    "author",
                    "path",
                    "raw_url",
                    "default",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=40)
@given(st.lists(JSON, max_size=3), st.lists(JSON, max_size=3), st.lists(JSON, max_size=3))
async def test_no_json_upsets_the_source(projects: list[Any], commits: list[Any], files: list[Any]) -> None:
    forge = Forge()
    seen = {"id": 7, "path_with_namespace": "g/p", "last_activity_at": iso(START - 9)}
    snippet = {"id": 3, "created_at": iso(START - 9), "files": files}
    forge.answers = {
        "/projects": [seen, *projects],
        "/branches": [{"name": "main", "commit": {"id": SHA}}, *projects],
        "/commits": [commit(SHA), *commits],
        "/diff": files,
        "/snippets/public": [snippet, *commits],
    }
    bench = await run(forge, 30)
    assert any(d.provenance.commit == SHA for d in bench.producer.documents)
