from __future__ import annotations

import pytest

from monitor.collectors.github.api import author, commit_id, next_link, repository_name

SHA = "0123456789abcdef0123456789abcdef01234567"


def test_the_next_page_of_a_link_header() -> None:
    header = '<https://api.example/repositories/1/x?page=2>; rel="next", <https://api.example/x?page=9>; rel="last"'
    assert next_link(header) == "https://api.example/repositories/1/x?page=2"
    assert next_link('<https://api.example/x?page=1>; rel="prev"') == ""
    assert next_link("") == ""


@pytest.mark.parametrize("name", ["octo/demo", "a-b/c_d.e", "o/..."])
def test_repository_names(name: str) -> None:
    assert repository_name(name) == name


@pytest.mark.parametrize(
    "name", ["octo", "octo/", "/demo", "octo/..", "./demo", "a/b/c", "a/b?x", "a/b c", "ä/b", None]
)
def test_what_is_no_repository_name(name: object) -> None:
    assert repository_name(name) == ""


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        (SHA, True),
        (SHA + SHA[:24], True),
        (SHA[:-1], False),
        (SHA.upper(), False),
        (SHA + "\n", False),
        (5, False),
    ],
)
def test_commit_ids(value: object, valid: bool) -> None:
    assert bool(commit_id(value)) is valid


def test_authors() -> None:
    commit = {"author": {"login": "octocat"}, "commit": {"author": {"name": "A", "email": "a@example.com"}}}
    assert author(commit) == ("octocat", "a@example.com")
    assert author({**commit, "author": None}) == ("A", "a@example.com")
    assert author(None) == ("", "")
