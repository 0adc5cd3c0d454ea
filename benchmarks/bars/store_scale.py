"""A million exposures with five million sightings in one store: how long people wait for lists, counts, one exposure and a search.

`python -m benchmarks.bars.store_scale`: fills a store of each kind in a scratch folder (in the ordinary tables, with their triggers), asks
what the console asks, page after page and filter after filter, and removes it all. Fails above 100 ms at p95.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg

from alerting_samples import NOON, exposure
from benchmarks import evidence
from localpostgres import LocalPostgres
from monitor.alerting.exposures.desk import Exposures
from monitor.commands.service import collect_seldom
from monitor.metrics import Metrics
from monitor.store.engine import Store
from monitor.store.janitor import Janitor
from monitor.store.queries import Filter, count_exposures, list_exposures, open_counts
from monitor.store.tables import exposures

LIMIT_MS: Final = 100.0
_PAGE: Final = 51
_STEP: Final = 20_000  # exposures of one transaction
_RULES: Final = 200
_SOURCES: Final = (
    "github_events",
    "github_search",
    "gitlab_events",
    "gists",
    "pastes",
    "npm",
    "pypi",
    "git",
    "ingest",
)
_SEVERITIES: Final = ("low", "medium", "high", "critical")
_COLUMNS: Final = [column.name for column in exposures.columns if column.name != "kind"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exposures", type=int, default=1_000_000)
    parser.add_argument("--sightings", type=int, default=5, help="of each exposure")
    parser.add_argument("--watched", type=float, default=0.2, help="the share that somebody watches")
    parser.add_argument("--rounds", type=int, default=40, help="calls of each kind")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="leakstream-scale-"))
    try:
        result = {
            "sqlite": asyncio.run(_on_sqlite(folder, arguments)),
            "postgresql": _on_postgresql(arguments),
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    slow = [
        f"{store} {name}: {figures['p95_ms']} ms"
        for store, measured in result.items()
        for name, figures in measured["calls"].items()
        if figures["p95_ms"] > LIMIT_MS
    ]
    path = evidence.write(
        "store-scale",
        {
            "passed": not slow,
            "limit_p95_ms": LIMIT_MS,
            "exposures": arguments.exposures,
            "sightings": arguments.exposures * arguments.sightings,
            "watched": arguments.watched,
            "calls_of_each": arguments.rounds,
            "stores": result,
        },
    )
    print(f"{'failed: ' + '; '.join(slow) if slow else 'passed'}; {path}")
    return 1 if slow else 0


async def _on_sqlite(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    path = folder / "store.db"
    store = await Store.open(path)
    started = time.perf_counter()
    await asyncio.to_thread(_fill_sqlite, path, arguments)
    filled = time.perf_counter() - started
    measured = await _measure(store, arguments)
    await store.close()
    return {"fill_seconds": round(filled, 1), "gib": round(path.stat().st_size / 2**30, 2), **measured}


def _fill_sqlite(path: Path, arguments: argparse.Namespace) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous = OFF", "secure_delete = ON", "cache_size = -400000"):
        connection.execute(f"PRAGMA {pragma}")
    quoted, marks = ", ".join(f'"{name}"' for name in _COLUMNS), ", ".join("?" * len(_COLUMNS))
    for rows in _batches(arguments):
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO exposures ({quoted}) VALUES ({marks})", rows)  # noqa: S608
        connection.execute("COMMIT")
    numbers = "(" + " UNION ALL ".join(f"SELECT {n + 1} AS number" for n in range(arguments.sightings)) + ")"
    place = "CAST(printf('%016x', s.id) AS BLOB)"
    for statement in _more(numbers, serial="(e.rowid * 100 + n.number)", place=place):
        connection.execute(statement)
    connection.close()


def _on_postgresql(arguments: argparse.Namespace) -> dict[str, Any]:
    settings = {"shared_buffers": "512MB", "autovacuum": "on", "max_wal_size": "4GB"}
    with LocalPostgres(**settings) as server, server.database() as url:

        async def run() -> dict[str, Any]:
            started = time.perf_counter()
            await _fill_postgresql(server, url.rpartition("/")[2], arguments)
            filled = time.perf_counter() - started
            store = await Store.open(url)
            measured = await _measure(store, arguments)
            await store.close()
            return {"fill_seconds": round(filled, 1), **measured}

        figures = asyncio.run(run())
        version, size = server.execute("SELECT version(), pg_database_size($1)", url.rpartition("/")[2])[0]
        return {"version": version.split(" on ")[0], "gib": round(size / 2**30, 2), **figures}


async def _fill_postgresql(server: LocalPostgres, database: str, arguments: argparse.Namespace) -> None:
    connection = await asyncpg.connect(
        host=server.socket_folder, port=server.port, user="postgres", database=database
    )
    for rows in _batches(arguments):
        await connection.copy_records_to_table("exposures", records=rows, columns=_COLUMNS)
    await connection.execute("SET session_replication_role = replica")  # no look at each foreign key
    numbers = f"generate_series(1, {arguments.sightings})"
    place = "decode(lpad(to_hex(s.id), 32, '0'), 'hex')"
    for statement in _more(numbers, serial="row_number() OVER ()", place=place, alias="n(number)"):
        await connection.execute(statement)
    # what autovacuum does by itself in the course of a day
    await connection.execute("VACUUM (ANALYZE)")
    await connection.close()


def _more(numbers: str, *, serial: str, place: str, alias: str = "n") -> Sequence[str]:
    """Aliases, sightings and places of the exposures that are there. Synthetic names only."""
    return (
        "INSERT INTO aliases (fingerprint, key_id, exposure_id) SELECT id, 'k1', id FROM exposures ORDER BY id",
        f"""INSERT INTO sightings (id, exposure_id, number, place_id, seen_at, source, document_id, blob_sha, snippet, place)
            SELECT {serial}, e.id, n.number, {place.replace("s.id", "n.number")}, e.last_seen - n.number, e.source,
                'acme/code:src/settings.env', e.id, 'token = ex_…yz', '{_PLACE}'
            FROM exposures e CROSS JOIN {numbers} {alias}""",  # noqa: S608
        f"INSERT INTO places (place_id, exposure_id) SELECT {place}, s.exposure_id FROM sightings s ORDER BY s.id",  # noqa: S608
    )


def _batches(arguments: argparse.Namespace) -> Iterator[list[tuple[Any, ...]]]:
    """Exposures. One in five hundred is an exercise, a tenth is closed; rules, sources and repositories are as uneven as in life."""
    rng = random.Random(7)
    rules = [f"provider{n // 3}-key-{n}" for n in range(_RULES)]
    drawn = rng.choices(range(_RULES), [1 / (n + 1) for n in range(_RULES)], k=arguments.exposures)
    for start in range(0, arguments.exposures, _STEP):
        rows = (
            _exposure(n, drawn[n], rules[drawn[n]], rng, watched=rng.random() < arguments.watched)
            for n in range(start, min(start + _STEP, arguments.exposures))
        )
        yield [tuple(row.get(name, _DEFAULTS.get(name)) for name in _COLUMNS) for row in rows]


_PLACE: Final = '{"forge": "github.com", "repository": "acme/code", "path": "src/settings.env", "line": 3}'
_DEFAULTS: Final = {"public": "unknown", "acknowledged_by": "", "people": 0}
_TEMPLATE: Final = {name: getattr(exposure("x"), name) for name in type(exposure("x")).__dataclass_fields__}


def _exposure(n: int, number: int, rule: str, rng: random.Random, *, watched: bool) -> dict[str, Any]:
    level = rng.choice(("proved", "claimed")) if watched else "none"
    closed = rng.random() < 0.1
    seen = NOON - rng.random() ** 2 * 180 * 86_400
    return _TEMPLATE | {
        "id": hashlib.sha256(n.to_bytes(8, "big")).hexdigest(),
        "parts": "[]",
        "facts": "{}",
        "reasons": "[]",
        "state": "closed" if closed else "open",
        "closed_at": seen if closed else None,
        "mode": "exercise" if n % 500 == 0 else "replay" if n % 20 == 0 else "live",
        "severity": _SEVERITIES[number % 4],
        "rule": rule,
        "title": f"{rule.replace('-', ' ').title()}",
        "level": level,
        "action": {"proved": "page", "claimed": "ticket", "none": "record"}[level],
        "source": _SOURCES[min(int(rng.expovariate(1.0)), len(_SOURCES) - 1)],
        "repository": f"team-{rng.randrange(300)}/service-{rng.randrange(20_000)}" if watched else "",
        "path": f"src/module{rng.randrange(900)}/config/{rng.randrange(10**6)}.env" if watched else "",
        "first_seen": seen - 3600,
        "last_seen": seen,
        "opened_at": seen - 3600,
        "sightings": 5,
    }


_FILTERS: Final = {
    "all": Filter(),
    "all with exercises": Filter(exercises=True),
    "open": Filter(state="open"),
    "closed": Filter(state="closed"),
    "critical": Filter(severities=("critical",)),
    "high and critical": Filter(severities=("high", "critical")),
    "proved": Filter(levels=("proved",)),
    "nobody's": Filter(levels=("none",)),
    "pages": Filter(actions=("page",)),
    "a frequent rule": Filter(rule="provider0-key-0"),
    "a rare rule": Filter(rule="provider66-key-199"),
    "no such rule": Filter(rule="nothing"),
    "a frequent source": Filter(source="github_events"),
    "a rare source": Filter(source="ingest"),
    "several at once": Filter(state="open", severities=("low",), levels=("claimed",), source="git"),
    "since a day": Filter(since=NOON - 86_400),
    "since a quarter": Filter(since=NOON - 90 * 86_400),
    "text: since a week": Filter(text="config", since=NOON - 7 * 86_400),
    "text: a repository": Filter(text="team-77/service-123"),
    "text: in many": Filter(text="config"),
    "text: part of a path": Filter(text="module123/config/7"),
    "text: a rule": Filter(text="Provider12 "),
    "text: nowhere": Filter(text="zzzzzz"),
    "text: with filters": Filter(text="team-12", state="open", severities=("critical",)),
}


async def _measure(store: Store, arguments: argparse.Namespace) -> dict[str, Any]:
    await Janitor(store).sweep(0.0)  # adds the counts up, as it does every minute
    rng = random.Random(11)
    times: dict[str, list[float]] = defaultdict(list)
    people = Exposures(store, Metrics(), clock=lambda: NOON)

    async def timed(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        started = time.perf_counter()
        answer = await call()
        times[name].append(1000 * (time.perf_counter() - started))
        return answer

    collect_seldom()  # as the running service does
    async with store.read() as connection:
        totals = {name: str(await count_exposures(connection, wanted)) for name, wanted in _FILTERS.items()}
    for _ in range(arguments.rounds):
        for name, wanted in _FILTERS.items():
            async with store.read() as connection:
                after = None
                for page in ("list", "next page"):
                    call = _listing(connection, wanted, after)
                    rows = await timed(f"{page}: {name}", call)
                    if not rows:
                        break
                    after = (rows[-1].last_seen, rows[-1].id)
                await timed(f"count: {name}", partial(count_exposures, connection, wanted))
        deep = (NOON - rng.random() ** 2 * 180 * 86_400, "")
        async with store.read() as connection:
            for name in ("all", "open", "proved", "text: in many"):
                await timed(f"far page: {name}", _listing(connection, _FILTERS[name], deep))
            await timed("count: the gauges", partial(open_counts, connection))
        shown = hashlib.sha256(rng.randrange(arguments.exposures).to_bytes(8, "big")).hexdigest()
        await timed("show", partial(people.show, shown[:16], actor="bar"))
        await timed("console's list", partial(people.list, Filter(state="open"), actor="bar"))
    return {"calls": {name: _figures(each) for name, each in sorted(times.items())}, "found": totals}


def _listing(
    connection: Any, wanted: Filter, after: tuple[float, str] | None
) -> Callable[[], Awaitable[Any]]:
    return lambda: list_exposures(connection, wanted, limit=_PAGE, after=after)


def _figures(times: Sequence[float]) -> dict[str, float]:
    p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return {
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(p95, 1),
        "max_ms": round(max(times), 1),
    }


if __name__ == "__main__":
    sys.exit(main())
