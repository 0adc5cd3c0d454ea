"""The file of own secrets: what is written is read, whatever a merge does to it; what is malformed is named by its line."""

from __future__ import annotations

import contextlib
import random
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.own import ownfile
from monitor.own.ownfile import Entry, OwnFileError
from monitor.own.selectors import Selector

DIGESTS = st.binary(min_size=16, max_size=16)
SELECTORS = st.none() | st.builds(
    lambda head, more: Selector(head, len(head) * 3 + more),
    st.binary(min_size=5, max_size=40),
    st.integers(0, 800),
)
NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)
ENTRIES = st.lists(st.builds(Entry, st.sampled_from(["0badc0de", "feedf00d"]), DIGESTS, NAMES, SELECTORS))
ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@ONE_FOLDER
@given(ENTRIES, st.randoms())
def test_what_is_written_is_read_in_any_order(
    tmp_path: Path, entries: list[Entry], rng: random.Random
) -> None:
    path = tmp_path / "own.txt"
    ownfile.write(path, entries)
    lines = path.read_bytes().splitlines(keepends=True)
    assert lines[1:] == sorted(lines[1:])
    assert set(ownfile.read(path)) == set(entries)

    rng.shuffle(lines)
    path.write_bytes(b"".join(lines) + b"\n# a remark\n\n")

    assert set(ownfile.read(path)) == set(entries)


def test_it_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    ownfile.write(path, [])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [child.name for child in tmp_path.iterdir()] == ["own.txt"]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "0badc0de 00 name",
        f"0badc0d {'0' * 32} name",
        f"0badc0de {'0' * 32}",
        f"0badc0de {'0' * 32} name with blanks",
        f"0badc0de {'0' * 32} name 6161616161 14",
        f"0badc0de {'0' * 32} name 6161616161 1025",
        f"0badc0de {'0' * 32} name 61616161 40",
        f"0badc0de {'0' * 32} name 6161616161",
        "<<<<<<< HEAD",
    ],
)
def test_a_malformed_line_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes(ownfile.HEADER + line.encode() + b"\n")
    with pytest.raises(OwnFileError, match=r"own\.txt:2: ") as error:
        list(ownfile.read(path))
    assert line not in str(error.value)


@ONE_FOLDER
@given(st.binary(max_size=400))
def test_any_file_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes(content)
    with contextlib.suppress(OwnFileError):
        list(ownfile.read(path))


def test_a_file_that_is_not_there_or_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(OwnFileError, match="no such file"):
        list(ownfile.read(tmp_path / "none"))
    with pytest.raises(OwnFileError, match="no such file"):
        ownfile.write(tmp_path / "none" / "own.txt", [])
