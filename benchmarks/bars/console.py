"""How long the server takes to list ten thousand exposures, on the console's page and in the API: at most 200 ms at p95.

`python -m benchmarks.bars.console`: the real listener, store (SQLite), templates and access log; a page of the list, the pages behind it, filters and
searches, each asked again and again by one signed-in person. What is judged is the time that the server's log has; processor time (of the server
and of the client that asks it, one process) and the load stand beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from benchmarks import evidence
from browsing import ask
from monitor.commands.service import collect_seldom
from shown_console import Shown, shown_console

LIMIT_MS: Final = 200.0
_COUNT: Final = 10_000
_QUERIES: Final = {
    "the first page": "",
    "a hundred": "limit=100",
    "five hundred": "state=all&limit=500",
    "critical ones": "state=all&severity=critical",
    "closed ones": "state=closed",
    "of one rule": "state=all&rule=stripe-live-secret-key",
    "of the last week": "within=7d",
    "a search": "q=service-12",
    "a search in many": "q=config.env",
    "a search for nothing": "q=zzzzzz",
}
_LISTS: Final = {"page": "/exposures", "api": "/api/v1/exposures"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="calls of each kind")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="leakstream-console-") as folder:
        calls = asyncio.run(_measure(Path(folder), rounds))
    slow = [
        f"{name}: {figures['p95_ms']} ms" for name, figures in calls.items() if figures["p95_ms"] > LIMIT_MS
    ]
    path = evidence.write(
        "console",
        {
            "passed": not slow,
            "limit_p95_ms": LIMIT_MS,
            "load_average": [round(each, 1) for each in os.getloadavg()],
            "exposures": _COUNT,
            "store": "SQLite",
            "calls_of_each": rounds,
            "server_time": calls,
        },
    )
    print(f"{'failed: ' + '; '.join(slow) if slow else 'passed'}; {path}")
    return 1 if slow else 0


async def _measure(folder: Path, rounds: int) -> dict[str, Any]:
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_urlsafe(24))
    settings = {
        "tokens": [{"name": "ann", "role": "viewer", "file": str(token)}],
        "requests_per_minute": 1_000_000,
    }
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    async with shown_console(folder, more=_COUNT, settings=settings) as shown:
        bearer = f"Bearer {token.read_text()}"
        behind = await _cursors(shown, bearer)
        collect_seldom()  # as the running service does
        for _ in range(rounds):
            for where, path in _LISTS.items():
                for name, query in _QUERIES.items():
                    times[f"{where}: {name}"].append(await _seconds(shown.url(f"{path}?{query}"), bearer))
                for number, after in behind.items():
                    url = shown.url(f"{path}?state=all&limit=500&after={after}")
                    times[f"{where}: five hundred behind {number}"].append(await _seconds(url, bearer))
    return {name: _figures(found) for name, found in times.items()}


async def _cursors(shown: Shown, bearer: str) -> dict[int, str]:
    """Where some pages begin; the walk goes through all of them, and so shows that none is missing."""
    found, after, listed = dict[int, str](), "", 0
    while True:
        url = shown.url(f"/api/v1/exposures?state=all&limit=500&after={after}")
        page = (await ask("GET", url, Authorization=bearer)).json
        listed += len(page["exposures"])
        if not (after := page["next"]):
            break
        if listed in (500, 5000, 9500):
            found[listed] = after
    assert listed == page["total"] >= _COUNT
    return found


async def _seconds(url: str, bearer: str) -> tuple[float, float]:
    """Of one request: processor time of this process, and how long the server says it took."""
    begun = time.process_time()
    with structlog.testing.capture_logs() as lines:
        page = await ask("GET", url, Authorization=bearer)
    spent = time.process_time() - begun
    assert page.status == 200
    (took,) = (line["seconds"] for line in lines if line["event"] == "request")
    return spent, float(took)


def _figures(seconds: Sequence[tuple[float, float]]) -> dict[str, float]:
    spent, took = sorted(each[0] for each in seconds), sorted(each[1] for each in seconds)
    at = min(len(seconds) - 1, int(0.95 * len(seconds)))
    return {
        "cpu_p50_ms": round(1000 * statistics.median(spent), 1),
        "cpu_p95_ms": round(1000 * spent[at], 1),
        "p50_ms": round(1000 * statistics.median(took), 1),
        "p95_ms": round(1000 * took[at], 1),
    }


if __name__ == "__main__":
    sys.exit(main())
