"""The state folder as a released version left it, in tests/golden/state-VERSION.json: made once for each release and never again, by
`PYTHONPATH=tests/support python -m golden_state VERSION`.

In it: two exposures, one of them acknowledged, a coverage ledger with a seal, and one finding on the bus that alerting has not read. What was
published is left out (`documents.v1` and its place in the groups): it would look like secrets. Both keys are 32 times nothing, the clock stood
at AT.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from browsing import ask
from leaks import line
from monitor.app import Stage
from monitor.identity import check_value
from shell import call
from whole_service import Running, configure, running

AT: Final = 1_795_371_331.0
TOKEN: Final = "an-ingest-token-of-the-golden-state"
OWNED: Final = "github.com/acme/golden"
CONFIG: Final = f"""
[watch]
repositories = ["{OWNED}"]
[match]
processes = 1
[[sources.ingest.tokens]]
name = "golden"
token = "{TOKEN}"
forges = ["github.com"]
"""
_FOLDER: Final = Path(__file__).parents[1] / "golden"
_LEFT_OUT: Final = "documents.v1"


def released() -> list[str]:
    """The versions of which there is a state."""
    return sorted(path.stem.removeprefix("state-") for path in _FOLDER.glob("state-*.json"))


def configured(folder: Path) -> Path:
    """A configuration for the state in `folder`, with the keys that it was made with."""
    key = bytes(32)
    for name, kind in (("state.key", check_value(key)), ("ledger.key", "ed25519")):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(f"{kind} {key.hex()}\n")
    return configure(folder, CONFIG)


def clock() -> Callable[[], float]:
    """One that began at AT, now."""
    began = time.monotonic()
    return lambda: AT + time.monotonic() - began


def restore(version: str, folder: Path) -> None:
    """Make `folder`, a state folder, out of what was kept of `version`."""
    for name, kept in json.loads((_FOLDER / f"state-{version}.json").read_text()).items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database:
            database.executescript("\n".join(kept["sql"]))
            database.execute(f"PRAGMA user_version = {kept['version']}")
        path.chmod(0o600)


async def hand_in(run: Running, number: int, name: str = "") -> None:
    """The document with the leak of that number, as `name`."""
    document = {
        "id": name or str(number),
        "content": line(number).decode(),
        "forge": "github.com",
        "repository": OWNED,
    }
    page = await ask(
        "POST",
        f"{run.addresses.web}/ingest/v1/documents",
        data=json.dumps(document) + "\n",
        Authorization=f"Bearer {TOKEN}",
        Content_Type="application/x-ndjson",
    )
    assert page.status == 202, page.text


async def _lived(folder: Path) -> None:
    """Fill the state folder as a service would."""
    config, now = configured(folder), clock()
    async with running(config, clock=now) as run:
        await hand_in(run, 1)
        await hand_in(run, 2)
        first, _ = await run.exposures(2)
        for words in (["exposures", "acknowledge", first["id"]], ["coverage", "seal"]):
            said = await asyncio.to_thread(call, *words, "-c", str(config))
            assert said.exit_code == 0, said.output
    async with running(config, stages=frozenset({Stage.COLLECT, Stage.MATCH}), clock=now) as run:
        await hand_in(run, 3)
        await run.until(lambda: run.metric("findings_total", rule="github-pat-classic") > 0)


def _dumped(path: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as database:
        if path.name == "groups.db":
            database.execute("DELETE FROM positions WHERE topic = ?", (_LEFT_OUT,))
        return {
            "version": database.execute("PRAGMA user_version").fetchone()[0],
            "sql": list(database.iterdump()),
        }


def main(version: str) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        asyncio.run(_lived(folder))
        state = folder / "state"
        files = [path for path in sorted(state.rglob("*.db")) if _LEFT_OUT not in path.name]
        kept = {path.relative_to(state).as_posix(): _dumped(path) for path in files}
        (_FOLDER / f"state-{version}.json").write_text(json.dumps(kept, indent=0) + "\n")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1])
