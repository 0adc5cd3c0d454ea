from __future__ import annotations

from typing import Any

from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from collecting import START, Bench, MemoryProducer, MemoryState, reply
from forge import Forge, sha
from monitor.collectors.shapes import instant, iso
from monitor.collectors.sources.github_gists import PLUGIN, Settings, parse
from monitor.coverage.items import Outcome, place_of, unpack

NAME = "github_gists"


def gist(number: int, when: float = -10) -> dict[str, Any]:
    return {"id": sha(f"gist{number}")[:32], "updated_at": iso(START + when), "owner": {"login": "octocat"}}


class Gists(Forge):
    """The list with `since`, and each gist with its files."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[Any] = []
        self.answers["/gists/public"] = self._list
        self.limit_after = 10**9

    async def _list(self, request: web.Request) -> web.StreamResponse:
        since = instant(request.query.get("since", "")) or 0.0
        found = [
            g for g in self.listed if not isinstance(g, dict) or (instant(g, "updated_at") or 0) >= since
        ]
        begin = (int(request.query["page"]) - 1) * 100
        return reply(found[begin : begin + 100])

    def publish(self, entry: dict[str, Any], files: dict[str, Any], **more: Any) -> None:
        self.listed.insert(0, entry)
        self.answers[f"/gists/{entry['id']}"] = {**entry, "files": files, **more}


def content(text: str, **more: Any) -> dict[str, Any]:
    return {"filename": "a.env", "content": text, "truncated": False, "size": len(text), **more}


async def run(
    forge: Forge,
    seconds: float = 59.0,
    *,
    state: MemoryState | None = None,
    producer: MemoryProducer | None = None,
    now: float = START,
    **options: Any,
) -> Bench:
    async with forge.serving() as base, Bench(state, producer) as bench:
        bench.time.now = now
        forge.clock = bench.time
        made = Settings(base_url=base, **options)
        await bench.run(NAME, PLUGIN.build(made, bench.tools), seconds)
        return bench


async def test_every_file_and_the_description_become_documents() -> None:
    forge = Gists()
    entry = gist(1)
    forge.publish(
        entry,
        {"a.env": content("A=1"), "b.txt": content("B", filename="b.txt"), "null": None},
        description="my config",
        history=[{"version": sha("v")}],
    )
    bench = await run(forge)
    found = {d.provenance.path: d for d in bench.producer.documents}
    assert {path: d.content for path, d in found.items()} == {
        "": b"my config",
        "a.env": b"A=1",
        "b.txt": b"B",
    }
    where = found["a.env"].provenance
    assert (where.forge, where.owner, where.title) == ("gist.github.com", "octocat", "my config")
    assert where.url == f"https://gist.github.com/{entry['id']}"
    assert where.commit == sha("v")
    assert found["a.env"].published_at == START - 10
    assert bench.metric("leakstream_capture_ratio", source=NAME) == 1.0


async def test_an_edited_gist_comes_again_an_unchanged_one_does_not() -> None:
    forge = Gists()
    forge.publish(gist(1), {"a.env": content("first")})
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    forge.publish(gist(1, when=30), {"a.env": content("edited")})
    await run(forge, state=state, producer=producer, now=START + 60)
    await run(forge, state=state, producer=producer, now=START + 120)
    assert [d.content for d in producer.documents] == [b"first", b"edited"]
    assert len({d.id for d in producer.documents}) == 2
    assert "&since=" in forge.asked[-1]


async def test_a_truncated_file_is_fetched_from_where_it_lies_without_the_token() -> None:
    forge = Gists()
    async with forge.serving() as base, Bench() as bench:
        forge.clock = bench.time
        forge.publish(
            gist(1),
            {
                "big": content("only the beg", truncated=True, raw_url=f"{base}/raw/big", filename="big"),
                "huge": content("", truncated=True, raw_url=f"{base}/raw/huge", size=99_000_000),
                "elsewhere": content("", truncated=True, raw_url="https://evil.example/x"),
                "plain": content("", truncated=True, raw_url="http://gist.githubusercontent.com/x"),
            },
            truncated=True,
        )

        async def raw(_: web.Request) -> web.Response:
            return web.Response(text="the whole of it")

        forge.answers["/raw/big"] = raw
        made = Settings(base_url=base, token="not-a-token")  # type: ignore[arg-type]  # pydantic makes it secret
        await bench.run(NAME, PLUGIN.build(made, bench.tools), 59)
        assert [d.content for d in bench.producer.documents] == [b"the whole of it"]
        at = forge.asked.index("/raw/big")
        assert "Authorization" not in forge.headers[at]
        assert "Authorization" in forge.headers[0]
        for reason, count in {"bad_url": 3, "file_over_limit": 1, "files_over_limit": 1}.items():
            assert bench.metric("leakstream_dropped_total", stage="collect", reason=reason) == count


def revised(number: int, *states: str, when: float = -10) -> tuple[dict[str, Any], dict[str, Any]]:
    """(a gist's entry, its answers by revision): `states` are its contents, the oldest first, ten seconds apart."""
    entry = gist(number, when)
    history = [
        {"version": sha(state), "committed_at": iso(START + when - 10 * age)}
        for age, state in enumerate(reversed(states))
    ]
    whole = {**entry, "history": history}
    return entry, {sha(state): {**whole, "files": {"a.env": content(state)}} for state in states}


def publish_revised(forge: Gists, number: int, *states: str, when: float = -10) -> None:
    entry, answers = revised(number, *states, when=when)
    forge.publish(entry, {"a.env": content(states[-1])}, history=answers[sha(states[-1])]["history"])
    for version, answer in answers.items():
        forge.answers[f"/gists/{entry['id']}/{version}"] = answer


async def test_what_was_added_and_removed_between_two_polls_is_found() -> None:
    forge = Gists()
    publish_revised(forge, 1, "old", "before us", when=-1000)
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    assert [d.content for d in producer.documents] == [b"before us"]  # its past is not news
    publish_revised(forge, 2, "harmless", "KEY=secret", "harmless again", when=55)
    await run(forge, state=state, producer=producer, now=START + 60)
    found = {d.content: d for d in producer.documents[1:]}
    assert set(found) == {b"harmless", b"KEY=secret", b"harmless again"}
    secret = found[b"KEY=secret"]
    assert secret.published_at == START + 45
    assert secret.provenance.commit == sha("KEY=secret")
    assert secret.provenance.url.endswith(f"/{sha('KEY=secret')}")
    assert len({d.id for d in producer.documents}) == 4


async def test_revisions_beyond_the_limit_and_those_that_are_gone_are_counted() -> None:
    forge = Gists()
    publish_revised(forge, 1, "x", when=-1000)
    state = MemoryState()
    await run(forge, state=state)
    publish_revised(forge, 2, "a", "b", "c", "d", when=55)
    del forge.answers[f"/gists/{gist(2)['id']}/{sha('c')}"]
    bench = await run(forge, state=state, now=START + 60, revisions=2)
    assert [d.content for d in bench.producer.documents] == [b"d", b"b"]
    for reason in ("revision_over_limit", "revision_failed"):
        assert bench.metric("leakstream_dropped_total", stage="collect", reason=reason) == 1


async def test_a_revision_that_never_comes_does_not_cost_what_the_gist_is_now() -> None:
    forge = Gists()
    publish_revised(forge, 1, "x", when=-1000)
    state = MemoryState()
    await run(forge, state=state)
    publish_revised(forge, 2, "a", "b", when=55)
    forge.answers[f"/gists/{gist(2)['id']}/{sha('a')}"] = (502, "<html>")
    bench = await run(forge, 400, state=state, now=START + 60)
    assert [d.content for d in bench.producer.documents] == [b"b"]


async def test_git_is_asked_for_what_the_api_does_not_show() -> None:
    forge = Gists()
    huge = {"filename": "dump.sql", "size": 11_000_000, "truncated": True, "content": "x"}
    clone = f"https://gist.github.com/{gist(1)['id']}.git"
    forge.publish(gist(1), {"dump.sql": huge, "a.env": content("A=1")}, git_pull_url=clone)
    forge.publish(
        gist(2), {"a.env": content("B=2")}, truncated=True, git_pull_url=clone.replace("https", "http")
    )
    elsewhere = f"https://evil.example/{gist(3)['id']}.git"
    forge.publish(gist(3), {"a.env": content("C=3")}, truncated=True, git_pull_url=elsewhere)
    bench = await run(forge)
    (request,) = bench.producer.requests
    assert (request.kind, request.source, request.target) == ("sweep", "git", clone)
    assert {d.content for d in bench.producer.documents} == {b"A=1", b"B=2", b"C=3"}
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="bad_url") == 2


async def test_the_ledger_knows_each_gist_by_its_place() -> None:
    forge = Gists()
    forge.publish(gist(1), {"a.env": content("A=1")})
    forge.listed.insert(0, gist(2))
    bench = await run(forge)
    outcomes: dict[bytes, set[Outcome]] = {}
    for event in bench.producer.coverage:
        for entry in unpack(event.items):
            outcomes.setdefault(entry.place, set()).add(entry.outcome)
    places = [place_of("gist.github.com", f"octocat/{gist(n)['id']}") for n in (1, 2)]
    assert outcomes == {
        places[0]: {Outcome.LISTED, Outcome.FETCHED},
        places[1]: {Outcome.LISTED, Outcome.SKIPPED},
    }


async def test_a_list_of_nothing_we_can_read_is_trouble() -> None:
    forge = Gists()
    forge.listed = [[[[]]], {"a": {"b": {}}}]
    bench = await run(forge)
    assert bench.metric("leakstream_source_blind", source=NAME) == 1


async def test_a_deleted_gist_is_counted_and_not_asked_again() -> None:
    forge = Gists()
    forge.listed = [gist(1)]
    bench = await run(forge, 130)
    assert forge.count("/gists/") - forge.count("/gists/public") == 1
    assert bench.producer.skipped() == {"gone": 1}


async def test_what_the_budget_leaves_over_waits_even_over_a_crash() -> None:
    forge = Gists()
    for n in range(6):
        forge.publish(gist(n, when=-3000 + 500 * n), {"a.env": content(f"v{n}")})
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer, requests_per_minute=4)
    assert len(producer.documents) == 4
    forge.publish(gist(9, when=30), {"a.env": content("new")})
    await run(forge, 119, state=state, producer=producer, now=START + 60, requests_per_minute=4)
    assert len(producer.documents) == 7
    assert producer.skipped() == {}


async def test_a_backlog_over_its_limit_is_counted() -> None:
    forge = Gists()
    for n in range(6):
        forge.publish(gist(n, when=-60 + n), {"a.env": content(f"v{n}")})
    bench = await run(forge, requests_per_minute=2, backlog=2)
    assert [d.content for d in bench.producer.documents] == [b"v5", b"v4"]
    assert bench.producer.skipped() == {"budget": 2}


async def test_more_than_the_pages_hold_is_a_gap() -> None:
    forge = Gists()
    forge.publish(gist(0, when=-100), {"a.env": content("x")})
    state, producer = MemoryState(), MemoryProducer()
    await run(forge, state=state, producer=producer)
    forge.listed = [gist(n, when=900 - n / 10) for n in range(1, 101)]
    await run(forge, state=state, producer=producer, now=START + 900, pages=1)
    blind = [e.blind for e in producer.coverage if e.blind]
    assert blind == ["gap"]
    assert max(e.lost for e in producer.coverage) > 0


async def test_a_gist_whose_server_fails_is_tried_again_and_given_up() -> None:
    forge = Gists()
    forge.publish(gist(1), {})
    forge.answers[f"/gists/{gist(1)['id']}"] = (502, "<html>")
    bench = await run(forge, 400)
    assert forge.count(f"/gists/{gist(1)['id']}") == 9
    assert bench.producer.skipped() == {"unavailable": 1}


async def test_a_limit_keeps_everything() -> None:
    forge = Gists()
    forge.publish(gist(1), {"a.env": content("x")})
    whole = forge.answers[f"/gists/{gist(1)['id']}"]

    async def limited(_: web.Request) -> web.StreamResponse:
        forge.answers[f"/gists/{gist(1)['id']}"] = whole
        return reply({"message": "API rate limit exceeded"}, 403, Retry_After="90")

    forge.answers[f"/gists/{gist(1)['id']}"] = limited
    bench = await run(forge, 200)
    assert [d.content for d in bench.producer.documents] == [b"x"]


async def test_rubbish_in_the_list_and_in_a_gist_does_no_harm() -> None:
    forge = Gists()
    forge.publish(gist(1), {"a": content("fine")})
    forge.publish(gist(2), "no files", owner=5, history="x", description=None)  # type: ignore[arg-type]
    forge.listed += [None, 7, {"id": "../../user", "updated_at": iso(START)}, {"id": "abcdef"}]
    bench = await run(forge)
    assert [d.content for d in bench.producer.documents] == [b"fine"]
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="bad_gist") == 4


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(["id", "updated_at"]), st.none() | st.integers() | st.text(max_size=30), max_size=2
    )
)
def test_parse_takes_anything(raw: Any) -> None:
    found = parse(raw)
    assert found is None or found.key
