"""Every source that polls a server, against its fake while that answers as the worst of servers do: nothing crashes, the trouble is told,
afterwards all that was published is found, no limit is broken, and memory stays bounded.
"""

from __future__ import annotations

import tomllib
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from collecting import Bench
from made_up import made_up
from monitor.collectors import sources
from monitor.collectors.base import SourcePlugin
from monitor.plugins import discover
from monitor.simulator.faults import FaultKind
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator, SimulatorConfig
from monitor.watching import Watching
from together import TogetherBench

PLUGINS = discover(sources, SourcePlugin, "PLUGIN")
WATCH = Watching(organisations=("acme-corp",), domains=("example.com",))
MIB = 1024 * 1024
MEMORY = 64 * MIB  # what a test may hold at once, the simulator's own things included
HOUR = 3600.0
DRIPPING = 90.0  # seconds: each drop is waited for by the real clock
# Answers that say something: where any text is a text, nobody can tell that it is not the right one.
LIES = frozenset(
    {FaultKind.RUBBISH, FaultKind.WRONG_TYPE, FaultKind.EMPTY, FaultKind.DEEP, FaultKind.DEEP_LIST}
)
# Right answers told strangely: to be borne without a word.
ODD = frozenset({FaultKind.SKEW, FaultKind.DUPLICATE})
LARGE = frozenset({FaultKind.GZIP_BOMB, FaultKind.ENDLESS})
HOSTILE: Mapping[FaultKind, Mapping[str, float]] = {
    FaultKind.GZIP_BOMB: {"size": 64 * MIB},
    FaultKind.ENDLESS: {},
    FaultKind.DRIP: {"pace": 0.01},
    FaultKind.REDIRECT_LOOP: {},
    FaultKind.PRIVATE_REDIRECT: {},
    FaultKind.WRONG_TYPE: {},
    FaultKind.DEEP: {},
    FaultKind.DEEP_LIST: {},
    FaultKind.TLS: {},
    FaultKind.CUT_CHUNK: {},
    FaultKind.TRUNCATED: {},
    FaultKind.CLOSE: {},
    FaultKind.SKEW: {"seconds": -5 * 3600.0},
    FaultKind.STATUS: {"status": 502},
    FaultKind.EMPTY: {},
    FaultKind.RUBBISH: {},
    FaultKind.DUPLICATE: {},
}

PASTES = """
[sites.j]
list_url = "ROOT/json/api/recent"
kind = "json"
items = "data.pastes"
id = "key"
item_url = "{origin}/pastes/json/raw/{id}"
max_item_mib = 1

[sites.h]
list_url = "ROOT/html/recent"
kind = "html"
items = "table.recent tr"
id = "a.t@href"
id_pattern = '/p/([A-Za-z0-9]+)$'
url = "a.t@href"
item_kind = "html"
text = "pre#code"
max_item_mib = 1

[sites.a]
recipe = "feed"
list_url = "ROOT/atom/feed.xml"
poll_seconds = 60
"""

Leak = Callable[[Simulator, float], object]


def leaks(*kinds: str) -> Leak:
    """One of each kind is published."""

    def leak(simulator: Simulator, at: float) -> None:
        for kind in kinds:
            simulator.publisher.leak(at, kind=kind)

    return leak


@dataclass(frozen=True)
class Case:
    """One source: how it is configured against the simulator, and what happens there.

    `routes` are those that turn hostile, at first without `lists`, which name what there is; `texts` are those that give a text as it
    is. After `settle` seconds everything has to be there.
    """

    name: str
    settings: Callable[[Simulator], Mapping[str, Any]]
    leak: Leak
    routes: tuple[str, ...]
    lists: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    sites: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    window: float = 300.0  # how long the server is hostile
    settle: float = 1800.0
    last: float = 600.0
    watch: Watching = WATCH


def github(**more: Any) -> Callable[[Simulator], Mapping[str, Any]]:
    return lambda simulator: {
        "base_url": simulator.github_url,
        "token": "not-a-token",
        "max_body_mib": 4,
        "max_blob_mib": 1,
        **more,
    }


CASES = (
    Case(
        "github_events",
        github(),
        leaks("push", "comment", "issue"),
        ("github.*",),
        lists=("github.events", "github.*_events"),
    ),
    Case(
        "github_gists",
        github(),
        leaks("gist"),
        ("github.*", "raw.*"),
        lists=("github.gists",),
        texts=("raw.*",),
    ),
    Case(
        "github_search",
        github(poll_hours=0.03, exclude_own=False, queries=["made_up_key"]),
        leaks("push"),
        ("github.*",),
        lists=("github.search_code",),
    ),
    Case(
        "pastebin",
        lambda simulator: {"base_url": simulator.pastebin_url, "max_paste_mib": 1},
        leaks("paste"),
        ("pastebin.*",),
        lists=("pastebin.list",),
        texts=("pastebin.item",),
    ),
    Case(
        "gitlab",
        lambda simulator: {
            "base_url": f"{simulator.site_url('gitlab')}/api/v4",
            "token": "not-a-token",
            "max_body_mib": 1,
            "max_file_mib": 1,
        },
        leaks("gitlab"),
        ("gitlab.*",),
        lists=("gitlab.projects", "gitlab.group_projects", "gitlab.snippets"),
        texts=("gitlab.*raw*",),
        sites={"gitlab": {}},
        settle=1.5 * HOUR,
        last=HOUR,
    ),
    Case(
        "gitea",
        lambda simulator: {
            "base_url": f"{simulator.site_url('gitea')}/api/v1",
            "max_body_mib": 1,
            "max_diff_mib": 1,
        },
        leaks("gitea"),
        ("gitea.*",),
        lists=("gitea.search", "gitea.feed.*", "gitea.repos.*"),
        sites={"gitea": {}},
    ),
    Case(
        "stackexchange",
        lambda simulator: {"base_url": f"{simulator.site_url('stackexchange')}/2.3"},
        leaks("stackexchange"),
        ("stackexchange.*",),
        sites={"stackexchange": {}},
        settle=HOUR,
    ),
    Case(
        "pastes",
        lambda simulator: tomllib.loads(PASTES.replace("ROOT", simulator.site_url("pastes"))),
        leaks("pastes", "pastes", "pastes"),
        ("pastes.*",),
        lists=("pastes.*_list",),
        texts=("pastes.json_item",),
        sites={"pastes": {"gone": 0.0, "not_ready": 0.0, "limit_every": 0}},
    ),
    Case(
        "hackernews",
        lambda simulator: {"base_url": simulator.site_url("hackernews"), "first_items": 5},
        leaks("hackernews"),
        ("hackernews.*",),
        lists=("hackernews.maxitem", "hackernews.updates"),
        sites={"hackernews": {"gone": 0.0}},
        settle=900.0,
        last=300.0,
    ),
    Case(
        "gharchive",
        lambda simulator: {
            "archive_url": f"{simulator.site_url('gharchive')}/archive",
            "mirror_url": f"{simulator.site_url('gharchive')}/mirror",
            "mirror_since": "2026-01-01T00:00:00Z",
            "events_per_second": 1e6,
            "follow": True,
            "max_file_mib": 4,
            "max_text_gib": 0.01,
        },
        leaks("gharchive"),
        ("gharchive.*",),
        lists=("gharchive.manifest",),
        sites={"gharchive": {"loss": 0.0}},  # what the archive itself lacks is not ours to find
        window=2 * HOUR,
        settle=4 * HOUR,
        last=4 * HOUR,
    ),
)
BY_NAME = {case.name: case for case in CASES}
KINDS = [(case.name, kind) for case in CASES if case.name in PLUGINS for kind in HOSTILE]


def test_no_source_that_polls_is_left_out() -> None:
    assert set(PLUGINS) - {"directory", "git", "ingest", "recheck", "selftest", "stdin"} <= set(BY_NAME)


@asynccontextmanager
async def net(case: Case) -> AsyncIterator[tuple[Bench, Simulator]]:
    async with TogetherBench() as bench:
        mix = Mix(leaks=0.0, not_ready=0.0)
        config = SimulatorConfig(seed=11, mix=mix, late_ratio=0.0, sites=case.sites)
        simulator = Simulator(config, maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            yield bench, simulator
        finally:
            await simulator.stop()


@contextmanager
def hostile(bench: Bench, kind: FaultKind) -> Iterator[None]:
    """The time of trouble: its memory is measured, and what drips is given up early by the real clock."""
    patience = bench.http._timeout
    bench.http._timeout = 0.04 if kind is FaultKind.DRIP else patience
    if kind in LARGE:
        tracemalloc.start()
    yield
    bench.http._timeout = patience
    if kind in LARGE:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MEMORY


def add_faults(case: Case, kind: FaultKind, simulator: Simulator, until: float, last: float) -> None:
    """What asks one at a time what was listed has trouble first, the lists in the `last` seconds only."""
    half = until - last
    # the first that applies wins: one without delay changes nothing
    for route in case.texts if kind in LIES else ():
        simulator.faults.add(FaultKind.SLOW, route, until=until, seconds=0.0)
    for route in case.lists:
        simulator.faults.add(FaultKind.SLOW, route, until=half, seconds=0.0)
    for route in case.routes:
        simulator.faults.add(kind, route, until=until, **HOSTILE[kind])


def missing(bench: Bench, simulator: Simulator) -> set[bytes]:
    text = b"\n".join(document.content for document in bench.producer.documents)
    return {planted.secret for planted in simulator.truth if planted.secret not in text}


def blind(bench: Bench, name: str) -> bool:
    return bench.metric("leakstream_source_blind", source=name) == 1


def dropped(bench: Bench) -> float:
    found = bench.metrics.registry.collect()
    return sum(s.value for family in found for s in family.samples if s.name == "leakstream_dropped_total")


@pytest.mark.parametrize(("name", "kind"), KINDS)
async def test_a_hostile_server_is_told_and_nothing_is_lost(name: str, kind: FaultKind) -> None:
    case = BY_NAME[name]
    async with net(case) as (bench, simulator):
        plugin = PLUGINS[name]
        settings = plugin.settings.model_validate(case.settings(simulator))
        source = plugin.build(settings, replace(bench.tools, watch=case.watch))
        case.leak(simulator, bench.time.now)
        await bench.run(name, source, 300)
        dripping = kind is FaultKind.DRIP and case.window < HOUR
        window = DRIPPING if dripping else case.window
        add_faults(case, kind, simulator, bench.time.now + window, window / 2)
        with hostile(bench, kind):
            case.leak(simulator, bench.time.now)
            await bench.run(name, source, window / 2)
            told = blind(bench, name)
            case.leak(simulator, bench.time.now)
            await bench.run(name, source, window / 2 - 5)
            told |= blind(bench, name) or any(event.blind for event in bench.producer.coverage)
        simulator.faults.clear()
        assert any(asked.fault == kind.value for asked in simulator.journal)
        # a list of nested lists is an answer, of one item that is none
        assert told or kind in ODD or (kind is FaultKind.DEEP_LIST and dropped(bench) > 0)
        case.leak(simulator, bench.time.now)
        await bench.run(name, source, case.settle)
        case.leak(simulator, bench.time.now)
        await bench.run(name, source, case.last)
        assert missing(bench, simulator) == set()
        assert simulator.journal.violations == []
        assert not blind(bench, name)
