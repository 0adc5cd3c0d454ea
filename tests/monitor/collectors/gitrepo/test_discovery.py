from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collecting import START, Bench, MemoryState, reply, serving
from made_up import made_up
from monitor.collectors.context import Context
from monitor.collectors.gitrepo.discovery import Discover, Discovery
from monitor.simulator.server import Simulator, SimulatorConfig
from monitor.simulator.sites.gitea import GiteaSite

HOUR = 3600.0
URL = "https://127.0.0.1/{}.git"


class Forge:
    """Lists by path; a list may be a status, too. Pages have two entries. Keeps what was asked."""

    def __init__(self) -> None:
        self.lists: dict[str, Any] = {}
        self.asked: list[web.Request] = []
        self.other_host = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        found = self.lists.get(request.raw_path.partition("?")[0], 404)
        if isinstance(found, int):
            return reply({"message": "no"}, found)
        if not isinstance(found, list):
            return reply(found)
        page = int(request.query.get("page", "1"))
        headers = {}
        if page * 2 < len(found):
            target = str(request.url.update_query(page=page + 1))
            if self.other_host:
                target = f"{self.other_host}{request.path}?page=2"
            headers["Link"] = f'<{target}>; rel="next", <{target}>; rel="last"'
        return reply(found[page * 2 - 2 : page * 2], 200, **headers)


def context(bench: Bench) -> Context:
    return Context(
        "git",
        stop=asyncio.Event(),
        state=bench.state,
        producer=bench.producer,
        metrics=bench.metrics,
        clock=bench.time,
        sleep=bench.time.sleep,
    )


async def look(
    server: Forge, state: MemoryState | None = None, *, at: float = START, **settings: Any
) -> tuple[Discovery, Bench]:
    """One look of a service that has just started."""
    async with serving(server.handle) as base, Bench(state) as bench:
        bench.time.now = at
        # a server has another port each time: the cursor's name must not depend on it here
        discovery = Discovery(Discover(base_url=base, **settings), bench.tools, draw=lambda: 0.5)
        for (source, name), value in list(bench.state.cursors.items()):
            bench.state.cursors[source, f"discovery {base} {name.split(' ', 2)[2]}"] = value
        held = context(bench)
        await discovery.restore(held)
        if discovery.due <= at:
            await discovery.look(held)
        return discovery, bench


def entry(name: str, **more: Any) -> dict[str, Any]:
    return {
        "clone_url": URL.format(name),
        "http_url_to_repo": URL.format(name),
        "fork": False,
        "archived": False,
        **more,
    }


@pytest.mark.parametrize(
    ("kind", "organisation", "user", "header"),
    [
        ("github", "/orgs/o/repos", "/users/u/repos", ("Authorization", "Bearer not-a-token")),
        ("gitea", "/orgs/o/repos", "/users/u/repos", ("Authorization", "token not-a-token")),
        ("gitlab", "/groups/o/projects", "/users/u/projects", ("PRIVATE-TOKEN", "not-a-token")),
    ],
)
async def test_every_page_of_every_owner_is_read(
    kind: str, organisation: str, user: str, header: tuple[str, str], tmp_path: Any
) -> None:
    forge = Forge()
    forge.lists[organisation] = [entry(f"o/{n}") for n in range(5)]
    forge.lists[user] = [entry("u/x")]
    (tmp_path / "token").write_text("not-a-token\n")
    discovery, bench = await look(
        forge, forge=kind, organisations=("o",), users=("u",), token_file=tmp_path / "token"
    )
    urls = [URL.format(name) for name in ("o/0", "o/1", "o/2", "o/3", "o/4", "u/x")]
    assert discovery.repositories() == dict.fromkeys(urls, False)
    assert (discovery.trouble, discovery.due) == ("", bench.time.now + 6 * HOUR)
    assert len(forge.asked) == 4
    assert all(request.headers[header[0]] == header[1] for request in forge.asked)
    assert all("nobody@example.com" in request.headers["User-Agent"] for request in forge.asked)
    # one a second
    assert bench.time.now >= START + 3


async def test_a_group_in_a_group_is_one_segment_and_subgroups_come_along() -> None:
    forge = Forge()
    forge.lists["/groups/a%2Fb/projects"] = [entry("a/b/c/d")]
    discovery, _ = await look(forge, forge="gitlab", organisations=("a/b",))
    assert list(discovery.repositories()) == [URL.format("a/b/c/d")]
    query = forge.asked[0].query
    assert (query["include_subgroups"], query["pagination"], query["order_by"]) == ("true", "keyset", "id")


async def test_forks_and_archived_ones_are_left_out_as_told() -> None:
    forge = Forge()
    forge.lists["/orgs/o/repos"] = forge.lists["/groups/o/projects"] = [
        entry("o/plain"),
        entry("o/fork", fork=True),
        entry("o/forked", forked_from_project={"id": 1}),
        entry("o/old", archived=True),
    ]

    async def names(**settings: Any) -> list[str]:
        discovery, _ = await look(forge, organisations=("o",), **settings)
        return [
            url.removeprefix("https://127.0.0.1/o/").removesuffix(".git") for url in discovery.repositories()
        ]

    assert await names(forge="gitea") == ["plain", "old"]
    assert await names(forge="gitlab", include_archived=False) == ["plain"]
    assert await names(forge="github", include_forks=True) == ["plain", "fork", "forked", "old"]


async def test_what_is_new_is_found_and_what_vanished_is_told_and_kept() -> None:
    forge, state = Forge(), MemoryState()
    forge.lists["/orgs/o/repos"] = [entry("o/a"), entry("o/b")]
    await look(forge, state, forge="gitea", organisations=("o",))
    forge.lists["/orgs/o/repos"] = [entry("o/b"), entry("o/c")]
    discovery, bench = await look(forge, state, at=START + 7 * HOUR, forge="gitea", organisations=("o",))
    a, b, c = (URL.format(f"o/{name}") for name in "abc")
    assert discovery.repositories() == {a: True, b: False, c: False}
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="repository_vanished") == 1
    again, bench = await look(forge, state, at=START + 14 * HOUR, forge="gitea", organisations=("o",))
    assert again.repositories()[a] is True
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="repository_vanished") == 0
    forge.lists["/orgs/o/repos"] = [entry("o/a"), entry("o/b"), entry("o/c")]
    back, _ = await look(forge, state, at=START + 21 * HOUR, forge="gitea", organisations=("o",))
    assert set(back.repositories().values()) == {False}


async def test_a_restart_asks_only_when_it_is_due_and_knows_what_it_knew() -> None:
    forge, state = Forge(), MemoryState()
    forge.lists["/orgs/o/repos"] = [entry("o/a")]
    await look(forge, state, forge="gitea", organisations=("o",))
    discovery, _ = await look(forge, state, at=START + HOUR, forge="gitea", organisations=("o",))
    assert len(forge.asked) == 1
    assert list(discovery.repositories()) == [URL.format("o/a")]
    # an owner more is asked for at once
    forge.lists["/users/u/repos"] = [entry("u/x")]
    await look(forge, state, at=START + HOUR, forge="gitea", organisations=("o",), users=("u",))
    assert len(forge.asked) == 3


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "no_such_owner"),
        (502, "server_error"),
        ({"a": 1}, "bad_shape"),
    ],
)
async def test_a_list_that_cannot_be_read_changes_nothing_and_is_told(answer: Any, trouble: str) -> None:
    forge, state = Forge(), MemoryState()
    forge.lists["/orgs/o/repos"] = [entry("o/a")]
    await look(forge, state, forge="gitea", organisations=("o",))
    forge.lists["/orgs/o/repos"] = answer
    discovery, bench = await look(forge, state, at=START + 7 * HOUR, forge="gitea", organisations=("o",))
    assert discovery.trouble == trouble
    assert discovery.repositories() == {URL.format("o/a"): False}
    assert discovery.due >= bench.time.now + 300


async def test_a_limit_is_obeyed() -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return reply({}, 429, Retry_After="1000")

    forge = Forge()
    forge.handle = handle  # type: ignore[method-assign]
    discovery, bench = await look(forge, forge="gitea", organisations=("o",))
    assert (discovery.trouble, discovery.due) == ("limited", bench.time.now + 1000)


async def test_no_page_is_asked_of_another_server() -> None:
    seen: list[web.Request] = []

    async def other(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        return reply([])

    forge = Forge()
    forge.lists["/orgs/o/repos"] = [entry(f"o/{n}") for n in range(3)]
    async with serving(other) as elsewhere:
        forge.other_host = elsewhere
        discovery, _ = await look(forge, forge="gitea", organisations=("o",))
    assert (discovery.trouble, discovery.repositories(), seen) == ("bad_url", {}, [])


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/o/n.git",
        "http://127.0.0.1/o/n.git",
        "ssh://127.0.0.1/o/n.git",
        "https://u:p@elsewhere.example/o/n",
        "/etc",
        "ext::sh -c x",
        "--upload-pack=x",
        "",
        None,
        7,
    ],
)
async def test_an_address_that_is_not_the_forges_own_is_not_followed(url: Any) -> None:
    forge = Forge()
    forge.lists["/orgs/o/repos"] = [{**entry("o/n"), "clone_url": url}]
    discovery, bench = await look(forge, forge="gitea", organisations=("o",))
    assert discovery.repositories() == {}
    assert bench.metric("leakstream_dropped_total", stage="collect", reason="foreign_url") == 1


async def test_clone_host_says_where_clones_come_from() -> None:
    forge = Forge()
    forge.lists["/orgs/o/repos"] = [entry("o/n", clone_url="https://git.example/o/n.git")]
    discovery, _ = await look(forge, forge="gitea", organisations=("o",), clone_host="git.example")
    assert list(discovery.repositories()) == ["https://git.example/o/n.git"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["clone_url", "fork", "archived", "http_url_to_repo"]), inner)
    ),
    max_leaves=10,
)


@given(JSON)
def test_an_entry_of_any_shape_is_an_address_or_none(raw: object) -> None:
    bench = Bench()
    discovery = Discovery(Discover(forge="github", organisations=("o",)), bench.tools)
    found = discovery._clone(context(bench), raw)
    assert found == "" or found.startswith("https://github.com/")


@pytest.mark.parametrize(
    "wrong",
    [
        {"forge": "gitea", "organisations": ("o",)},
        {"forge": "github"},
        {"forge": "bitbucket", "organisations": ("o",)},
        {"forge": "github", "organisations": ("..",)},
        {"forge": "github", "organisations": ("a/b",)},
        {"forge": "gitlab", "organisations": ("a/../b",)},
        {"forge": "github", "users": ("a?b",)},
        {"forge": "github", "users": ("u",), "base_url": "api.github.com"},
        {"forge": "github", "users": ("u",), "every_hours": 0},
        {"forge": "github", "users": ("u",), "other": 1},
    ],
)
def test_tables_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Discover(**wrong)


def test_the_forges_own_addresses_are_known() -> None:
    assert Discover(forge="github", users=("u",)).api == "https://api.github.com"
    assert Discover(forge="gitlab", users=("u",)).api == "https://gitlab.com/api/v4"
    assert (
        Discover(forge="gitea", users=("u",), base_url="https://x.test/api/v1/").api
        == "https://x.test/api/v1"
    )


async def test_the_fake_forge_is_read_whole_and_no_limit_is_broken() -> None:
    async with Bench() as bench:
        simulator = Simulator(SimulatorConfig(sites={"gitea": {}}), maker=made_up, clock=bench.time)
        site = simulator.sites["gitea"][1]
        assert isinstance(site, GiteaSite)
        await simulator.start()
        try:
            for number in range(120):
                site.world.push(f"acme-corp/n{number}", START)
            base = f"{simulator.site_url('gitea')}/api/v1"
            table = Discover(
                forge="gitea", base_url=base, organisations=("acme-corp",), clone_host="codeberg.org"
            )
            discovery = Discovery(table, bench.tools)
            await discovery.look(context(bench))
        finally:
            await simulator.stop()
    assert discovery.trouble == ""
    assert len(discovery.repositories()) == 120
    assert simulator.journal.violations == []
