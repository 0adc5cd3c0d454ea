from __future__ import annotations

import stat
from pathlib import Path

import pytest

from detectors.files import code_digest, default_cache, read_sealed, write_sealed


def test_what_is_written_is_read_and_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"

    assert write_sealed(path, b"kind-1", b"content")

    assert read_sealed(path, b"kind-1") == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["b"]


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-1], lambda raw: raw[:-1] + b"x", lambda raw: raw[:0], lambda raw: b"y" + raw]
)
def test_a_damaged_file_is_no_file(tmp_path: Path, damage) -> None:
    path = tmp_path / "f"
    write_sealed(path, b"kind-1", b"content")
    path.write_bytes(damage(path.read_bytes()))

    assert read_sealed(path, b"kind-1") is None


def test_another_kind_a_missing_one_and_a_link_are_no_file(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_sealed(path, b"kind-1", b"content")
    (tmp_path / "link").symlink_to(path)

    assert read_sealed(path, b"kind-2") is None
    assert read_sealed(tmp_path / "none", b"kind-1") is None
    assert read_sealed(tmp_path / "link", b"kind-1") is None


def test_a_file_that_others_may_write_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_sealed(path, b"kind-1", b"content")
    path.chmod(0o666)

    assert read_sealed(path, b"kind-1") is None


def test_a_folder_that_cannot_be_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert not write_sealed(tmp_path / "file" / "x", b"kind-1", b"content")


def test_the_code_digest_names_its_modules() -> None:
    assert code_digest(["files.py"]) == code_digest(["files.py"]) != code_digest(["files.py", "proofs"])


def test_the_default_cache_is_under_the_users_cache() -> None:
    assert default_cache().name == "leakstream"
