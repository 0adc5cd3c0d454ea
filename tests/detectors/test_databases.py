from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import hyperscan
import pytest

import detectors
from acme_rules import ruleset
from detectors import databases
from detectors.databases import SHAPERS, Databases
from detectors.decoders import triggers

PACKAGE = Path(detectors.__file__).parent
TEXT = b"a c2VjcmV0 acme=" + b"0123456789abcdeffedcba9876543210"
# nouns, helpers and readers that write no expression
OTHERS = {
    "beginnings.py",
    "buffers.py",
    "containers",
    "encodings.py",
    "errors.py",
    "files.py",
    "model.py",
    "ruleset.py",
    "secondlook.py",
    "starts.py",
    "stats.py",
}


def hits(db, text: bytes) -> set[tuple[int, int]]:
    found = set()
    db.scan(text, lambda i, _s, e, _f, _c: found.add((i, e)), 0, None, hyperscan.Scratch(db))
    return found


def imported(part: str) -> set[str]:
    """The modules and packages of `detectors` that a module or package of it imports at its top."""
    path = PACKAGE / part
    found = set()
    for file in path.glob("*.py") if path.is_dir() else [path]:
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "detectors":
                inner = (node.module or "").split(".")[1:2]
                found.update(inner or [alias.name for alias in node.names])
    return {name if (PACKAGE / name).is_dir() else f"{name}.py" for name in found}


def test_the_database_has_the_rules_and_the_triggers(tmp_path: Path) -> None:
    numbers = {number for number, _ in hits(Databases(ruleset(), tmp_path).first, TEXT)}

    assert ruleset().rules.index(ruleset()["acme-key"]) in numbers
    assert max(numbers) >= len(ruleset())


def test_a_stored_database_is_loaded_and_a_damaged_one_built_anew(tmp_path: Path) -> None:
    first = Databases(ruleset(), tmp_path).first
    (path,) = tmp_path.glob("*-first.hsdb")
    written, inode = path.read_bytes(), path.stat().st_ino
    again = Databases(ruleset(), tmp_path).first
    kept = path.stat().st_ino
    path.write_bytes(written[:-3])
    rebuilt = Databases(ruleset(), tmp_path).first

    assert kept == inode
    assert hits(first, TEXT) == hits(again, TEXT) == hits(rebuilt, TEXT) != set()
    assert path.read_bytes() != written[:-3]


def test_other_rules_or_other_code_are_another_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Databases(ruleset(), tmp_path)
    Databases(replace(ruleset(), digest="0" * 64), tmp_path)
    monkeypatch.setattr(databases, "SHAPERS", SHAPERS[1:])
    Databases(ruleset(), tmp_path)

    assert len(list(tmp_path.glob("*-first.hsdb"))) == 3


def test_all_code_that_shapes_a_database_is_in_its_name() -> None:
    reached, new = set(SHAPERS), set(SHAPERS)
    while new:
        new = set().union(*map(imported, new)) - reached - OTHERS
        reached |= new

    assert sorted(reached - set(SHAPERS)) == []


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert hits(Databases(ruleset(), tmp_path / "file").first, TEXT)
    assert triggers(ruleset(), tmp_path / "file")


def test_a_cache_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    first = Databases(ruleset(), tmp_path).first
    before = sorted(path.name for path in tmp_path.iterdir())
    tmp_path.chmod(0o500)
    try:
        assert hits(Databases(ruleset(), tmp_path).first, TEXT) == hits(first, TEXT)
    finally:
        tmp_path.chmod(0o700)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_both_databases_are_built_at_once_and_the_second_is_loaded_at_its_first_use(tmp_path: Path) -> None:
    built = Databases(ruleset(), tmp_path)
    again = Databases(ruleset(), tmp_path)

    assert len(list(tmp_path.glob("*.hsdb"))) == 2
    assert ("second" in vars(built), "second" in vars(again)) == (True, False)
    assert hits(again.second, b"acme_key = " + TEXT[-32:])
    assert again.second is again.second


def test_a_second_one_that_is_missing_is_built_before_the_first_text(tmp_path: Path) -> None:
    """As of a process that starts while another one, which has written the first, still builds the second."""
    Databases(ruleset(), tmp_path)
    (path,) = tmp_path.glob("*-second.hsdb")
    path.unlink()
    assert "second" in vars(Databases(ruleset(), tmp_path))
    assert path.exists()
