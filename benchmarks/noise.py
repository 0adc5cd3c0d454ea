"""`python -m benchmarks.noise`: what is reported where next to nothing should be.

`leakstream scan` over the Linux source and the Python packages: findings a 100 MB by rule, and of each rule some places with masked
previews, so that one sees at once whether they are worth seeing. Writes docs/evidence/noise.json.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks import corpora, evidence

_LEAKSTREAM: Final = str(Path(sys.executable).with_name("leakstream"))
_PLACES: Final = 5  # shown of a rule
LIMITS: Final = {"linux": 2.0, "python-packages": 40.0}  # findings a 100 MB


def main(arguments: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m benchmarks.noise", description=__doc__).parse_args(arguments)
    trees = {tree.name: scanned(tree) for tree in (corpora.linux_source(), corpora.python_packages())}
    checks = {
        f"{name}_at_most_{limit:g}_a_100_mb": trees[name]["findings_per_100_mb"] <= limit
        for name, limit in LIMITS.items()
    }
    path = evidence.write("noise", {"checks": checks, "trees": trees})
    for name, tree in trees.items():
        _say(f"{name}: {tree['findings_per_100_mb']:.1f} findings a 100 MB")
        for rule, told in tree["rules"].items():
            _say(f"  {told['findings']:5} {rule}: " + "; ".join(p["preview"] for p in told["places"][:2]))
    for name, passed in checks.items():
        _say(f"{'ok  ' if passed else 'FAIL'} {name}")
    _say(f"written to {path.relative_to(evidence.ROOT)}")
    return 0 if all(checks.values()) else 1


def scanned(tree: Path) -> dict[str, Any]:
    """Findings and megabytes of one tree. Raises CalledProcessError when the scan fails."""
    command = [_LEAKSTREAM, "scan", "--format", "jsonl", str(tree)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, command, stderr=done.stderr)
    hits = [orjson.loads(line) for line in done.stdout.splitlines()]
    size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    return summary(hits, size / 1e6, tree)


def summary(hits: Sequence[Mapping[str, Any]], megabytes: float, tree: Path) -> dict[str, Any]:
    """By rule, the noisiest first."""
    counts = Counter(hit["rule"] for hit in hits)
    places: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for hit in hits:
        if len(places[hit["rule"]]) < _PLACES:
            place = str(hit["path"]).removeprefix(f"{tree}/")
            places[hit["rule"]].append({"path": place, "line": hit["line"], "preview": hit["preview"]})
    return {
        "megabytes": megabytes,
        "findings": len(hits),
        "findings_per_100_mb": len(hits) / megabytes * 100 if megabytes else 0.0,
        "rules": {rule: {"findings": count, "places": places[rule]} for rule, count in counts.most_common()},
    }


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
