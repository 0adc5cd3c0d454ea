from __future__ import annotations

from pathlib import Path

import pytest

from detectors.rulefiles import contents, digest


def test_files_and_the_toml_files_of_folders_are_read_in_order(tmp_path: Path) -> None:
    for name in ("b.toml", "a.toml", "notes.md"):
        (tmp_path / name).write_text(name * 20_000)
    single = tmp_path / "notes.md"

    found = contents([tmp_path, single])

    assert [Path(path).name for path in found] == ["a.toml", "b.toml", "notes.md"]
    assert found[str(single)] == single.read_bytes()


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        contents([tmp_path / "none.toml"])


def test_the_digest_changes_with_names_and_contents_but_not_with_the_place(tmp_path: Path) -> None:
    def of(folder: str, **files: str) -> str:
        (tmp_path / folder).mkdir()
        for name, text in files.items():
            (tmp_path / folder / f"{name}.toml").write_text(text)
        return digest(contents([tmp_path / folder]))

    assert of("1", a="x") == of("2", a="x")
    assert len({of("3", a="x"), of("4", a="y"), of("5", b="x"), of("6", a="x", b="")}) == 4
