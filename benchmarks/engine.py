"""`python -m benchmarks.engine`: the scanner against raw Hyperscan, and `leakstream scan` against a peer.

1. In memory: `Scanner.scan` against raw Hyperscan with the same database on the same documents, interleaved; the database's own speed.
2. Whole commands: `leakstream scan` against `kingfisher scan`, one job each, pinned to the same processor, in turn, on the Linux source
   with 300 fresh tokens planted; user and system CPU apart. The peer validates nothing and looks for no update. Once more with cold
   caches of both (the compiled databases), since a first run pays for them.

Absolute figures are of one machine and one hour; the ratios are what to look at. Writes docs/evidence/engine.json.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks import corpora, engine_memory, evidence
from benchmarks.process import Usage, run
from detectors import Scanner, load_rules

_LEAKSTREAM = str(Path(sys.executable).with_name("leakstream"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each command")
    parser.add_argument("--plants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None, help="of the plants; default: fresh ones")
    parser.add_argument("--cpu", type=int, default=1, help="the processor both commands are pinned to")
    given = parser.parse_args(arguments)
    console = Console()

    tree = corpora.linux_source()
    console.print("in memory …")
    memory = engine_memory.measure(Scanner(load_rules()), tree)
    _print_memory(console, memory)

    console.print(f"planting {given.plants} tokens …")
    copy, plants = corpora.planted(tree, count=given.plants, seed=given.seed)
    with tempfile.TemporaryDirectory(dir=evidence.WORK) as folder:
        commands = _against(copy, Path(folder), given.rounds, given.cpu, console)
        missed = _missed(Path(folder) / "leakstream.out", plants)
    commands["plants"] = {"planted": len(plants), "found": len(plants) - len(missed), "missed": missed}
    _print_commands(console, commands)

    ratio = commands["warm"]["ratio"]["cpu"]
    twenty = next(d for d in memory["documents"] if d["bytes"] == 20_000)
    checks = {
        "scanner_at_least_0.85_of_raw_on_20_kb": twenty["ratio"] >= 0.85,
        "database_at_least_500_mb_s": memory["raw_mb_s"]["best"] >= 500,
        "scan_at_most_half_of_peer": ratio <= 0.5,
        "all_plants_found": not missed,
    }
    path = evidence.write("engine", {"checks": checks, "memory": memory, "commands": commands})
    for name, passed in checks.items():
        console.print(f"{'ok  ' if passed else 'FAIL'} {name}")
    console.print(f"written to {path.relative_to(evidence.ROOT)}")
    return 0 if all(checks.values()) else 1


def _against(tree: Path, folder: Path, rounds: int, cpu: int, console: Console) -> dict[str, Any]:
    ours = [_LEAKSTREAM, "scan", "--jobs", "1", "--format", "jsonl", "--show-secrets", str(tree)]
    peer = [
        str(corpora.kingfisher()), "scan", "--jobs", "1", "--no-validate", "--no-update-check", "--git-history", "none",
        "--format", "jsonl", str(tree),
    ]  # fmt: skip
    commands: Mapping[str, tuple[list[str], Callable[[Path], dict[str, str]]]] = {
        "leakstream": (ours, lambda cache: {"XDG_CACHE_HOME": str(cache)}),
        "kingfisher": (peer, lambda cache: {"KF_RULE_CACHE_DIR": str(cache), "XDG_CACHE_HOME": str(cache)}),
    }

    def once(name: str, cache: Path) -> Usage:
        command, environment = commands[name]
        cache.mkdir(exist_ok=True)
        usage = run(command, output=folder / f"{name}.out", cpu=cpu, environment=environment(cache))
        if usage.status not in (0, 1, 200):  # the peer ends with 200 when it found something
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
    return {
        "peer": f"kingfisher {corpora.KINGFISHER}",
        "warm": _figures(warm),
        "cold_database": _figures(cold),
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
    pairs = list(zip(runs["leakstream"], runs["kingfisher"], strict=True))
    figures["ratio"] = {
        part: statistics.median(getattr(a, part) / getattr(b, part) for a, b in pairs)
        for part in ("user", "system", "cpu", "wall")
    }
    return figures


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


def _print_memory(console: Console, memory: Mapping[str, Any]) -> None:
    console.print(
        f"{memory['rules']} rules, raw {memory['raw_mb_s']['best']:.0f} MB/s (median {memory['raw_mb_s']['median']:.0f})"
    )
    table = Table("document", "raw MB/s", "scanner MB/s", "ratio", box=None)
    for row in memory["documents"]:
        table.add_row(
            str(row["bytes"]), f"{row['raw_mb_s']:.0f}", f"{row['scanner_mb_s']:.0f}", f"{row['ratio']:.3f}"
        )
    console.print(table)
    console.print(
        "loudest: "
        + ", ".join(f"{loud['name']} {loud['hits_per_mb']:.1f}/MB" for loud in memory["loudest"][:5])
    )


def _print_commands(console: Console, commands: Mapping[str, Any]) -> None:
    table = Table("", "user", "system", "cpu s", "wall s", box=None)
    for state in ("warm", "cold_database"):
        for name in ("leakstream", "kingfisher"):
            row = commands[state][name]
            table.add_row(
                f"{state} {name}",
                f"{row['user']:.2f}",
                f"{row['system']:.2f}",
                f"{row['cpu']:.2f}",
                f"{row['wall']:.2f}",
            )
        ratio = commands[state]["ratio"]
        table.add_row(f"{state} ratio", *(f"{ratio[part]:.3f}" for part in ("user", "system", "cpu", "wall")))
    console.print(table)
    plants = commands["plants"]
    console.print(f"plants: {plants['found']} of {plants['planted']} found")
    for text in plants["missed"]:
        console.print(f"  missed: {text}")


if __name__ == "__main__":
    sys.exit(main())
