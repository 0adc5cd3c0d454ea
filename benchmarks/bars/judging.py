"""What a bar found, against what it must find: named checks with their figures. Pure but for `read_store`."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.bars.plants import Expected


@dataclass(slots=True)
class Checks:
    """In order; `passed` when every one is."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, ok: bool, **figures: object) -> None:  # noqa: FBT001 - reads as "name: ok"
        self.results[name] = {"ok": ok, **figures}

    @property
    def passed(self) -> bool:
        return bool(self.results) and all(result["ok"] for result in self.results.values())


@dataclass(frozen=True, slots=True)
class StoreView:
    """What the store holds, read with SQL of our own."""

    exposures: Sequence[Mapping[str, Any]]
    aliases: Sequence[tuple[str, str]]  # fingerprint, exposure
    outbox: Sequence[Mapping[str, Any]]
    coverage_events: int


def read_store(database: Path) -> StoreView:
    """Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        return StoreView(
            exposures=[dict(row) for row in connection.execute("SELECT * FROM exposures")],
            aliases=[
                tuple(row) for row in connection.execute("SELECT fingerprint, exposure_id FROM aliases")
            ],
            outbox=[dict(row) for row in connection.execute("SELECT * FROM outbox")],
            coverage_events=connection.execute("SELECT count(*) FROM coverage").fetchone()[0],
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request that the webhook's receiver answered or let hang. Wall clock."""

    at: float
    key: str
    exposure: str  # the first 32 characters of its id


@dataclass(frozen=True, slots=True)
class Repeats:
    """Deliveries of a key that had come before, and whether a kill explains each."""

    explained: Sequence[Mapping[str, float]]
    unexplained: Sequence[Mapping[str, float]]


def repeats(
    deliveries: Iterable[Delivery], kills: Sequence[float], *, under_way: float, window: float
) -> Repeats:
    """A repeat is explained by an alerter's kill that came at most `under_way` seconds after the delivery before (it may not have
    been written down yet), with the repeat at most `window` seconds after the kill (the lease has to run out first).
    """
    last: dict[str, float] = {}
    explained, unexplained = [], []
    for delivery in sorted(deliveries, key=lambda d: d.at):
        before = last.get(delivery.key)
        last[delivery.key] = delivery.at
        if before is None:
            continue
        why = [
            k
            for k in kills
            if before <= k + 0.05 and k - before <= under_way and 0 <= delivery.at - k <= window
        ]
        entry = {"seconds_after_the_first": round(delivery.at - before, 3)}
        if why:
            explained.append(entry | {"seconds_after_the_kill": round(delivery.at - why[0], 3)})
        else:
            unexplained.append(entry)
    return Repeats(explained, unexplained)


def judge_exposures(checks: Checks, expected: Mapping[str, Expected], store: StoreView) -> None:
    """Exactly the planted leaks, each once, told of exactly the watched."""
    owner = dict(store.aliases)
    rows = {row["id"]: row for row in store.exposures}
    missing = [leak.rule for fingerprint, leak in expected.items() if fingerprint not in owner]
    wanted = {owner[fingerprint] for fingerprint in expected if fingerprint in owner}
    extra = Counter(row["rule"] for row in store.exposures if row["id"] not in wanted)
    checks.add(
        "exposures are the planted leaks",
        not missing and not extra and len(rows) == len(expected),
        exposures=len(rows),
        planted=len(expected),
        missing=dict(Counter(missing)),
        extra=dict(extra),
    )
    checks.add(
        "each leak is one exposure",
        len(wanted) == len(expected) and len(store.aliases) == len(rows),
        distinct=len(wanted),
        fingerprints=len(store.aliases),
    )
    counted = Counter(row["sightings"] for row in store.exposures)
    checks.add(
        "each place is counted once, each exposure opened once",
        set(counted) == {1}
        and all(row["opening"] == 1 and row["state"] == "open" for row in store.exposures),
        sightings={str(number): count for number, count in counted.items()},
    )
    watched = {owner.get(fingerprint, "") for fingerprint, leak in expected.items() if leak.watched}
    proved = {row["id"] for row in store.exposures if row["level"] == "proved"}
    paging = {row["id"] for row in store.exposures if row["action"] == "page"}
    checks.add(
        "exactly the watched are attributed and page",
        proved == paging == watched,
        watched=len(watched),
        attributed=len(proved),
        paging=len(paging),
    )


def judge_pages(
    checks: Checks,
    expected: Mapping[str, Expected],
    store: StoreView,
    deliveries: Sequence[Delivery],
) -> None:
    """One distinct key for each watched exposure."""
    owner = dict(store.aliases)
    watched = {owner.get(fingerprint, "")[:32] for fingerprint, leak in expected.items() if leak.watched}
    keys = {delivery.key for delivery in deliveries}
    pairs = {(delivery.key, delivery.exposure) for delivery in deliveries}
    checks.add(
        "each watched leak has exactly one idempotency key at the webhook",
        len(keys) == len(pairs) == len(watched) and {exposure for _, exposure in pairs} == watched,
        distinct_keys=len(keys),
        exposures_told=len({exposure for _, exposure in pairs}),
        deliveries=len(deliveries),
    )
    states = Counter(row["state"] for row in store.outbox)
    checks.add(
        "the outbox is delivered",
        states == {"delivered": len(watched)} and {row["key"] for row in store.outbox} == keys,
        states=dict(states),
    )


def judge_repeats(checks: Checks, found: Repeats) -> None:
    """A repeat only with the same key, after a kill."""
    checks.add(
        "repeats come only after a kill",
        not found.unexplained,
        after_a_kill=found.explained,
        unexplained=found.unexplained,
    )


def judge_kills(checks: Checks, wanted: Mapping[str, int], done: Sequence[Mapping[str, Any]]) -> None:
    """Every fault that was planned happened, and its victims came back; `done` as `Chaos` tells it."""
    counted = Counter(entry["what"] for entry in done)
    checks.add(
        "the kills were done, their victims came back, no scanning process outlived its parent",
        counted == wanted and not any(entry.get("children_left") for entry in done),
        kills=dict(counted),
    )


def judge_memory(checks: Checks, peaks: Mapping[str, int], *, processes: int, limit: int) -> None:
    """Peaks in bytes by process, the scanning processes among the `processes`."""
    checks.add(
        "each process stays below its memory",
        all(0 < peak < limit for peak in peaks.values()) and len(peaks) == processes,
        peak_mb={name: round(peak / 1e6, 1) for name, peak in sorted(peaks.items())},
        wanted=f"< {limit // 10**6} MB",
    )
