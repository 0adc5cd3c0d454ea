from __future__ import annotations

from pathlib import Path

import pytest

from gitrepos import Repo
from monitor.gitread import GitError, Repository, open_repository
from monitor.gitread.process import Git


def test_a_local_repository_is_named_by_its_path(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    commit = repo.commit(a=b"1")

    opened = open_repository(str(repo.path), tmp_path / "view")

    assert (opened.forge, opened.name, opened.where, opened.tips) == (
        "file",
        str(repo.path),
        str(repo.path),
        (commit,),
    )
    assert opened.file_url(commit, "a") == ""


@pytest.mark.parametrize("name", ["missing", "empty", "file"])
def test_what_is_no_repository(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()

    with pytest.raises(GitError) as caught:
        open_repository(str(tmp_path / name), tmp_path / "view")
    assert caught.value.reason == "not_a_repository"


@pytest.mark.parametrize(
    ("forge", "url"),
    [
        ("github.com", "https://github.com/o/n/blob/c0ffee/a%20dir/%3Cb%3E"),
        ("gitlab.example", "https://gitlab.example/o/n/-/blob/c0ffee/a%20dir/%3Cb%3E"),
        ("codeberg.org", "https://codeberg.org/o/n/src/commit/c0ffee/a%20dir/%3Cb%3E"),
        ("git.example", "https://git.example/o/n"),
    ],
)
def test_where_a_person_can_look(tmp_path: Path, forge: str, url: str) -> None:
    opened = Repository(forge, "o/n", "o", f"https://{forge}/o/n", Git(tmp_path), ())

    assert opened.file_url("c0ffee", "a dir/<b>") == url
