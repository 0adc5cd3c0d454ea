from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.walking import open_regular, walk


def test_files_of_all_depths_in_order_and_a_reason_for_the_rest(tmp_path: Path) -> None:
    for name in ("b", "a/z", "a/y/x", "skip/never"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    told: list[tuple[str, str]] = []

    found = walk(
        str(tmp_path),
        lambda reason, path: told.append((reason, Path(path).name)),
        enter=lambda entry: entry.name != "skip",
    )

    assert [Path(entry.path).relative_to(tmp_path).as_posix() for entry in found] == ["b", "a/z", "a/y/x"]
    assert sorted(told) == [("special_file", "fifo"), ("symlink", "link"), ("symlink", "loop")]


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    told: list[str] = []

    assert list(walk(str(tmp_path / "gone"), lambda reason, _: told.append(reason))) == []
    assert told == ["unreadable_folder"]


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "file")

    with os.fdopen(open_regular(str(tmp_path / "file")), "rb") as file:
        assert file.read() == b"x"
    for name in ("fifo", "link", ".", "gone"):
        with pytest.raises(OSError):
            open_regular(str(tmp_path / name))
