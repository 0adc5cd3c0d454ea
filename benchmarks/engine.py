"""`python -m benchmarks.engine`: the scanner against raw Hyperscan, and `leakstream scan` against a peer.

1. In memory: `Scanner.scan` against raw Hyperscan with the same database on the same documents, interleaved; the database's own speed and
   its loudest rules on three trees: the Linux source, the Python packages, and the tree that says most names.
2. Whole commands: `leakstream scan` against `kingfisher scan` and `betterleaks auto`, one job each, pinned to the same processor, in turn,
   on the Linux source and the Python packages with 300 fresh tokens planted in each; user and system CPU apart. The peers validate nothing
   and look for no update. Once more with cold caches (the compiled databases), since a first run pays for them.
3. `leakstream scan` with one job and with two, on both processors; and its start: the scan of one small file.

Absolute figures are of one machine and one hour; the ratios are what to look at. Writes docs/evidence/engine.json.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks import corpora, engine_memory, evidence
from benchmarks.process import Usage, run
from detectors import Scanner, load_rules

_RAW: Final = {"linux": 600, "python-packages": 400, "nodes": 300}  # MB/s of the database alone
_SHARE: Final = {"kingfisher": 0.35, "betterleaks": 0.5}  # of the peer's CPU
_LEAKSTREAM: Final = str(Path(sys.executable).with_name("leakstream"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command")
    parser.add_argument("--plants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None, help="of the plants; default: fresh ones")
    parser.add_argument("--cpu", type=int, default=1, help="the processor both commands are pinned to")
    given = parser.parse_args(arguments)
    console = Console()

    linux, packages = corpora.linux_source(), corpora.python_packages()
    scanner = Scanner(load_rules())
    console.print("in memory …")
    memory = engine_memory.measure(scanner, linux)
    trees = {
        tree.name: engine_memory.of_tree(scanner, tree, megabytes=megabytes)
        for tree, megabytes in ((linux, 200), (packages, 100), (corpora.nodes(), 60))
    }
    _print_memory(console, memory, trees)

    commands = {}
    for tree in (linux, packages):
        console.print(f"planting {given.plants} tokens in {tree.name} …")
        copy, plants = corpora.planted(tree, count=given.plants, seed=given.seed)
        with tempfile.TemporaryDirectory(dir=evidence.WORK) as folder:
            figures = _against(copy, Path(folder), given.rounds, given.cpu, console)
            missed = _missed(Path(folder) / "leakstream.out", plants)
        figures["plants"] = {"planted": len(plants), "found": len(plants) - len(missed), "missed": missed}
        commands[tree.name] = figures
        _print_commands(console, tree.name, figures)

    jobs = _two_jobs(linux, given.rounds)
    console.print(f"two jobs take {jobs['ratio']:.3f} of the wall time of one; a start {jobs['start']:.2f} s")
    twenty = next(d for d in memory["documents"] if d["bytes"] == 20_000)
    checks = {
        "scanner_at_least_0.85_of_raw_on_20_kb": twenty["ratio"] >= 0.85,
        **{
            f"{name}_at_least_{least}_mb_s": trees[name]["raw_mb_s"]["best"] >= least
            for name, least in _RAW.items()
        },
        **{
            f"{name}_at_most_{most}_of_{peer}": figures["warm"]["ratio"][peer]["cpu"] <= most
            for name, figures in commands.items()
            for peer, most in _SHARE.items()
        },
        "all_plants_found": not any(figures["plants"]["missed"] for figures in commands.values()),
        "two_jobs_within_a_tenth_of_half": jobs["ratio"] <= 0.55,
        "start_under_0.3_s": jobs["start"] < 0.3,
    }
    body = {"checks": checks, "memory": memory, "trees": trees, "commands": commands, "jobs": jobs}
    path = evidence.write("engine", body)
    for name, passed in checks.items():
        console.print(f"{'ok  ' if passed else 'FAIL'} {name}")
    console.print(f"written to {path.relative_to(evidence.ROOT)}")
    return 0 if all(checks.values()) else 1


def _commands(tree: Path) -> dict[str, tuple[list[str], Callable[[Path], dict[str, str]]]]:
    """Each command on one tree with one job, and its environment with a cache of its own."""
    ours = [
        _LEAKSTREAM, "scan", "--jobs", "1", "--samples", "--format", "jsonl", "--show-secrets", str(tree),
    ]  # fmt: skip
    kingfisher = [
        str(corpora.kingfisher()), "scan", "--jobs", "1", "--no-validate", "--no-update-check", "--git-history", "none",
        "--format", "jsonl", str(tree),
    ]  # fmt: skip
    betterleaks = [str(corpora.betterleaks()), "auto", "--jobs", "1", "--no-banner", "--jsonl", str(tree)]
    return {
        "leakstream": (ours, lambda cache: {"XDG_CACHE_HOME": str(cache)}),
        "kingfisher": (
            kingfisher,
            lambda cache: {"KF_RULE_CACHE_DIR": str(cache), "XDG_CACHE_HOME": str(cache)},
        ),
        "betterleaks": (betterleaks, lambda cache: {"GOMAXPROCS": "1", "XDG_CACHE_HOME": str(cache)}),
    }


def _against(tree: Path, folder: Path, rounds: int, cpu: int, console: Console) -> dict[str, Any]:
    commands = _commands(tree)

    def once(name: str, cache: Path) -> Usage:
        command, environment = commands[name]
        cache.mkdir(exist_ok=True)
        usage = run(command, output=folder / f"{name}.out", cpu=cpu, environment=environment(cache))
        if usage.status not in (0, 1, 200):  # kingfisher ends with 200 when it found something
            raise RuntimeError(f"{name} ended with status {usage.status}")
        return usage

    cold: dict[str, list[Usage]] = {name: [] for name in commands}
    warm: dict[str, list[Usage]] = {name: [] for name in commands}
    for name in commands:
        once(name, folder / f"{name}-warm")  # the page cache and the compiled databases
    for number in range(rounds):
        for name in commands:
            warm[name].append(once(name, folder / f"{name}-warm"))
            console.print(f"round {number + 1}: {name} {warm[name][-1].cpu:.2f} s CPU")
    for name in commands:
        cache = folder / f"{name}-cold"
        cold[name].append(once(name, cache))
        shutil.rmtree(cache)
    versions = {"kingfisher": corpora.KINGFISHER, "betterleaks": corpora.BETTERLEAKS}
    return {"peers": versions, "warm": _figures(warm), "cold_database": _figures(cold)}


def _two_jobs(tree: Path, rounds: int) -> dict[str, Any]:
    """Wall seconds with one job and with two, in turn, and of the scan of one small file. Everything is warm."""
    small = evidence.ROOT / "LICENSE"

    def wall(jobs: int, target: Path) -> float:
        command = [_LEAKSTREAM, "scan", "--jobs", str(jobs), "--format", "jsonl", str(target)]
        return run(command, output=Path(os.devnull)).wall

    wall(2, tree)
    pairs = [(wall(1, tree), wall(2, tree)) for _ in range(rounds)]
    return {
        "one": statistics.median(one for one, _ in pairs),
        "two": statistics.median(two for _, two in pairs),
        "ratio": statistics.median(two / one for one, two in pairs),
        "start": statistics.median(wall(1, small) for _ in range(max(5, rounds))),
    }


def _figures(runs: Mapping[str, Sequence[Usage]]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        name: {
            "user": statistics.median(u.user for u in usages),
            "system": statistics.median(u.system for u in usages),
            "cpu": statistics.median(u.cpu for u in usages),
            "cpu_range": [min(u.cpu for u in usages), max(u.cpu for u in usages)],
            "wall": statistics.median(u.wall for u in usages),
            "runs": len(usages),
        }
        for name, usages in runs.items()
    }
    figures["ratio"] = {peer: _ratio(runs["leakstream"], runs[peer]) for peer in _SHARE}
    return figures


def _ratio(ours: Sequence[Usage], theirs: Sequence[Usage]) -> dict[str, float]:
    pairs = list(zip(ours, theirs, strict=True))
    return {
        part: statistics.median(getattr(a, part) / getattr(b, part) for a, b in pairs)
        for part in ("user", "system", "cpu", "wall")
    }


def _missed(report: Path, plants: Sequence[corpora.Plant]) -> list[str]:
    """Rules and files of the plants that the report does not have."""
    found: dict[str, set[str]] = {}
    for line in report.read_bytes().splitlines():
        hit = orjson.loads(line)
        found.setdefault(hit["path"], set()).add(hit["secret"])
    missed = []
    for plant in plants:
        secret = plant.secret.decode("utf-8", "backslashreplace")
        if not any(secret in seen or seen in secret for seen in found.get(str(plant.path), ())):
            missed.append(f"{plant.rule} in {plant.path.relative_to(evidence.WORK)}")
    return missed


def _print_memory(
    console: Console, memory: Mapping[str, Any], trees: Mapping[str, Mapping[str, Any]]
) -> None:
    for name, tree in trees.items():
        speed, loud = tree["raw_mb_s"], tree["loudest"][:5]
        console.print(
            f"{memory['rules']} rules on {name}: raw {speed['best']:.0f} MB/s (median {speed['median']:.0f}), "
            f"{tree['hits_per_mb']:.0f} hits/MB; "
            + ", ".join(f"{one['name']} {one['hits_per_mb']:.1f}" for one in loud)
        )
    table = Table("document", "raw MB/s", "scanner MB/s", "ratio", box=None)
    for row in memory["documents"]:
        table.add_row(
            str(row["bytes"]), f"{row['raw_mb_s']:.0f}", f"{row['scanner_mb_s']:.0f}", f"{row['ratio']:.3f}"
        )
    console.print(table)


def _print_commands(console: Console, tree: str, commands: Mapping[str, Any]) -> None:
    parts = ("user", "system", "cpu", "wall")
    table = Table(tree, *parts, box=None)
    for state in ("warm", "cold_database"):
        for name in ("leakstream", *_SHARE):
            table.add_row(f"{state} {name}", *(f"{commands[state][name][part]:.2f}" for part in parts))
        for peer, ratio in commands[state]["ratio"].items():
            table.add_row(f"{state} of {peer}", *(f"{ratio[part]:.3f}" for part in parts))
    console.print(table)
    plants = commands["plants"]
    console.print(f"plants: {plants['found']} of {plants['planted']} found")
    for text in plants["missed"]:
        console.print(f"  missed: {text}")


if __name__ == "__main__":
    sys.exit(main())
