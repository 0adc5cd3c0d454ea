"""Reading documents is tested by way of the scanner; here: that nothing of it is loaded before there is something to read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acme_rules import TOML, write

SCAN = """
import sys
from pathlib import Path
from detectors import Scanner
from detectors.rulecache import stored
rules, folder = Path(sys.argv[1]), Path(sys.argv[2])
found = Scanner(stored(sys.argv[3], folder), cache_dir=folder).scan(sys.argv[4].encode())
print(len(found), *sorted(sys.modules))
"""
HEAVY = {"compiler", "context", "decoders", "documents", "judging", "profiles", "proofs", "rulereader"}


@pytest.fixture
def loaded(tmp_path: Path):
    """The modules that a scan of a text by a program of its own loads, and how many findings it has, with a warm cache."""
    from detectors import Scanner, rulecache
    from detectors.loader import load_files

    ruleset = load_files([write(tmp_path, TOML, "acme")])
    rulecache.store(ruleset, tmp_path / "cache")
    Scanner(ruleset, cache_dir=tmp_path / "cache")

    def run(text: str) -> tuple[int, set[str]]:
        command = [
            sys.executable,
            "-P",
            "-c",
            SCAN,
            str(tmp_path),
            str(tmp_path / "cache"),
            ruleset.digest,
            text,
        ]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        count, *modules = output.split()
        return int(count), {name.removeprefix("detectors.") for name in modules}

    return run


def test_a_text_without_a_hit_loads_nothing_that_reads_documents(loaded) -> None:
    found, modules = loaded("nothing here")

    assert found == 0
    assert "databases" in modules
    assert sorted(modules & HEAVY) == []


def test_a_text_with_a_value_does(loaded) -> None:
    found, modules = loaded("token=acme_" + "Q7w9E2r5T8y1" * 2 + "U4i6Oz")

    assert found == 1
    assert {"documents", "judging", "context"} <= modules
    assert sorted(modules & {"compiler", "rulereader"}) == []
