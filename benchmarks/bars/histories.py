"""Bar 2: real histories. Three git histories rebuilt from 20 and more real releases each, with planted, moved, removed and
re-added leaks, and a folder; `leakstream run` must find exactly what was planted plus what a scan of the unplanted originals
finds, each leak once; a second run nothing new; ten kills on the way change nothing.

python -m benchmarks.bars.histories        writes docs/evidence/histories.json; exit status 1 when the bar is not met
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import evidence
from benchmarks.bars.releases import KINDS, RELEASES, Plant, build, download, plants
from detectors import Finding, Scanner, load_rules
from monitor.contracts import Document
from monitor.gitread import open_repository
from monitor.identity import KeyRing, create_key
from monitor.matcher.blocks import Found, Progress
from monitor.matcher.events import EventMaker
from monitor.matcher.history import scan_history
from monitor.matcher.redact import Redactor
from monitor.matcher.tree import scan_tree

KILLS = 10
_LEAKSTREAM = (str(Path(sys.executable).with_name("leakstream")),)
PATIENCE = 180.0  # seconds until a run must be through
FOLDER_KINDS = tuple(f"folder-{number}" for number in range(5))


@dataclass(frozen=True)
class World:
    """What the service looks at, and what it must find: fingerprint -> what it is, for the report."""

    repositories: Sequence[Path]
    folder: Path
    expected: dict[str, str]
    planted: int
    original: int


class Judge:
    """Says by the library alone which leaks something holds."""

    def __init__(self, keys: KeyRing) -> None:
        self.rules = load_rules()
        self.scanner = Scanner(self.rules)
        self._maker = EventMaker(keys, Redactor(self.scanner))

    def leaks(self, found: Iterable[Found]) -> dict[str, str]:
        events = (e for one in found for e in self._maker.events(one.document, one.findings, now=0.0))
        return {event.fingerprint: event.rule for event in events}

    def plant(self, plant: Plant) -> dict[str, str]:
        findings: tuple[Finding, ...] = self.scanner.scan(plant.line)
        document = Document("bar", plant.rule, plant.line, fetched_at=0.0)
        leaks = self.leaks([Found(document, findings)])
        if not leaks:
            raise SystemExit(f"the plant of {plant.rule} is not found by itself")
        return {fingerprint: f"{plant.kind}: {rule}" for fingerprint, rule in leaks.items()}


def make_world(base: Path, judge: Judge) -> World:
    """Build everything twice: with plants for the service, without for the comparison."""
    repositories: list[Path] = []
    planted: dict[str, str] = {}
    original: dict[str, str] = {}
    folder, plain = base / "folder", base / "plain"
    for package in RELEASES:
        wheels = download(package, evidence.WORK / "releases")
        leaks = plants(judge.rules, KINDS, random.Random(package))
        repo = build(wheels, base / "planted" / package, leaks, random.Random(package))
        repositories.append(repo.path)
        clean = build(wheels, base / "clean" / package, (), random.Random(package))
        for leak in leaks:
            planted |= judge.plant(leak)
        opened = open_repository(str(clean.path), base / "views" / package)
        original |= judge.leaks(scan_history(opened, judge.scanner, Progress()))
        for target in (folder, plain):
            build(wheels[-1:], target / package, (), random.Random(0))
    for number, leak in enumerate(plants(judge.rules, FOLDER_KINDS, random.Random("folder"))):
        place = folder / f"deep/{number}" / f"{leak.kind}.txt"
        place.parent.mkdir(parents=True)
        place.write_bytes(leak.line)
        planted |= judge.plant(leak)
    original |= judge.leaks(scan_tree([str(plain)], lambda: judge.scanner, Progress()))
    return World(repositories, folder, original | planted, len(planted), len(original))


class Service:
    """`leakstream run` on a state folder of its own."""

    def __init__(self, base: Path, key_file: Path, world: World) -> None:
        base.mkdir()
        self._web, self._metrics = _free_port(), _free_port()
        self._config = base / "leakstream.toml"
        repositories = json.dumps([str(path) for path in world.repositories])
        self._config.write_text(
            f'state = "{base}/state"\nkey_file = "{key_file}"\n'
            f"[web]\nport = {self._web}\n[metrics]\nport = {self._metrics}\n"
            '[notifiers.log]\n[watch]\nsources = ["git", "directory"]\n'
            f"[sources.git]\nrepositories = {repositories}\npoll_seconds = 2\n"
            f'[sources.directory]\npaths = ["{world.folder}"]\npoll_seconds = 2\n'
        )
        self._repositories = len(world.repositories)
        self._log = (base / "log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [*_LEAKSTREAM, "run", "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, start_new_session=True)

    def kill(self) -> None:
        """As the kernel kills: the whole group at once, without a word."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        if self._process.wait(60) != 0:
            raise SystemExit(f"the service ended with {self._process.returncode}; see {self._log.name}")

    def settle(self) -> float:
        """Seconds until each source had a whole look and every group has read everything, twice in a row."""
        began = time.monotonic()
        calm = 0
        while calm < 3:
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() - began > PATIENCE:
                raise SystemExit(f"the service did not come to rest; see {self._log.name}")
            time.sleep(1.0)
            calm = calm + 1 if self._calm() else 0
        return time.monotonic() - began

    def _calm(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/metrics", timeout=5) as answer:
                page = answer.read().decode()
        except OSError:
            return False
        looked = sum(_values(page, 'leakstream_source_requests_total{outcome="ok",source="git"}'))
        success = list(_values(page, "leakstream_source_last_success_timestamp_seconds"))
        lag = list(_values(page, "leakstream_bus_lag_records"))
        return (
            looked >= self._repositories and len(success) == 2 and all(success) and bool(lag) and not any(lag)
        )

    def exposures(self) -> dict[str, dict[str, object]]:
        command = [*_LEAKSTREAM, "exposures", "list", "-c", str(self._config)]
        command += ["--state", "all", "--limit", "1000", "--json"]
        listed = subprocess.run(command, check=True, capture_output=True).stdout
        rows = [json.loads(line) for line in listed.splitlines()]
        assert len(rows) == len({row["id"] for row in rows})
        return {row["id"]: row for row in rows}


def _values(page: str, name: str) -> Iterator[float]:
    for line in page.splitlines():
        if line.startswith(name):
            yield float(line.rpartition(" ")[2])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compare(name: str, world: World, found: Iterable[str]) -> dict[str, object]:
    """What is missing and what is too much."""
    got = set(found)
    missing = sorted(world.expected[leak] for leak in set(world.expected) - got)
    surplus = len(got - set(world.expected))
    print(f"{name:12} {len(got)} leaks, {len(missing)} missing, {surplus} too many")
    return {"found": len(got), "missing": missing, "surplus": surplus}


def steady(rows: dict[str, dict[str, object]]) -> dict[str, object]:
    """What a second run must not change."""
    return {leak: (row["sightings"], row["opening"], row["opened_at"]) for leak, row in rows.items()}


def prove(base: Path) -> dict[str, object]:
    """The three proofs; `met` says whether all hold."""
    key_file = base / "key"
    world = make_world(base, Judge(create_key(key_file)))
    print(
        f"expected     {len(world.expected)} leaks: {world.planted} planted, {world.original} in the originals"
    )

    service = Service(base / "calm", key_file, world)
    service.start()
    seconds = service.settle()
    service.stop()
    before = service.exposures()
    first = compare("first run", world, before)

    service.start()
    service.settle()
    service.stop()
    after = service.exposures()
    second = compare("second run", world, after)
    changed = [leak for leak, state in steady(before).items() if steady(after).get(leak) != state]

    killed = Service(base / "killed", key_file, world)
    rng = random.Random(2)
    for _ in range(KILLS):
        killed.start()
        time.sleep(rng.uniform(0.8, 3.5))
        killed.kill()
    killed.start()
    killed.settle()
    killed.stop()
    third = compare("ten kills", world, killed.exposures())
    exact = not any(outcome["missing"] or outcome["surplus"] for outcome in (first, second, third))
    return {
        "releases": {package: len(versions.split()) for package, versions in RELEASES.items()},
        "expected": len(world.expected),
        "planted": world.planted,
        "in_the_originals": world.original,
        "seconds": round(seconds, 1),
        "first": first,
        "second": second,
        "changed_by_second": len(changed),
        "kills": KILLS,
        "killed": third,
        "met": exact and not changed,
    }


def main() -> int:
    base = evidence.WORK / "histories"  # left there, so that a failure can be looked at
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    result = prove(base)
    print(evidence.write("histories", result))
    return 0 if result["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
