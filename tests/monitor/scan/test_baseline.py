"""The baseline file: known fingerprints under a key of its own."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from hits_of_tests import hit
from monitor.scan.baseline import Baseline, BaselineError, check_writable


def test_what_is_written_is_read_and_weak_secrets_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    made = Baseline.new()
    hits = [hit(fingerprint="aa"), hit(fingerprint="aa", path="other"), hit(fingerprint="bb", weak=True)]
    assert made.write(path, hits) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    read = Baseline.load(path)
    assert read.known == {"aa"}
    assert read.key == made.key
    assert read.keys.current_id == made.keys.current_id
    assert "key=" not in repr(made)
    assert [entry.name for entry in tmp_path.iterdir()] == ["baseline.json"]


def test_two_baselines_have_two_keys() -> None:
    assert Baseline.new().key != Baseline.new().key


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not a baseline"),
        (b"[]", "not a baseline"),
        (b'{"format": 1}', "not a baseline"),
        (b'{"format": 1, "key": "xy", "findings": []}', "not a baseline"),
        (b'{"format": 1, "key": "", "findings": [1]}', "not a baseline"),
        (orjson.dumps({"format": 2, "key": "00" * 32, "findings": []}), "format 2 is not known"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: bytes, reason: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(text)
    with pytest.raises(BaselineError, match=reason):
        Baseline.load(path)
    with pytest.raises(BaselineError, match="cannot be read"):
        Baseline.load(tmp_path / "nothing")


def test_what_was_known_stays_known(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    Baseline.new().write(first, [hit(fingerprint="aa", path="old")])
    known = Baseline.load(first)
    known.write(second, [hit(fingerprint="bb")])
    read = Baseline.load(second)
    assert (read.known, read.key) == ({"aa", "bb"}, known.key)
    assert [entry["path"] for entry in read.entries] == ["old", "a.py"]


def test_where_nothing_can_be_written_is_said_before_and_after(tmp_path: Path) -> None:
    check_writable(tmp_path / "new")
    for path in (tmp_path / "none" / "new", tmp_path):
        with pytest.raises(BaselineError, match=f"{path}: cannot be written"):
            check_writable(path)
        with pytest.raises(BaselineError, match=f"{path}: cannot be written"):
            Baseline.new().write(path, [])
