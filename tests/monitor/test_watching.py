from __future__ import annotations

import pytest

from monitor.watching import Watching

WATCH = Watching(
    organisations=("acme", "github.com/initech"),
    users=("gitlab.com/jane",),
    repositories=("globex/site", "codeberg.org/hooli/app", "globex/infra-*", "codeberg.org/stark/*"),
)


@pytest.mark.parametrize(
    ("forge", "repository", "ours"),
    [
        ("github.com", "Acme/Web", True),
        ("gitlab.com", "acme/group/web", True),
        ("github.com", "initech/x", True),
        ("gitlab.com", "initech/x", False),
        ("gitlab.com", "jane/dotfiles", True),
        ("github.com", "jane/dotfiles", False),
        ("github.com", "globex/site", True),
        ("github.com", "globex/other", False),
        ("codeberg.org", "hooli/app", True),
        ("github.com", "hooli/app", False),
        ("github.com", "Globex/Infra-dns", True),
        ("github.com", "globex/infr", False),
        ("codeberg.org", "stark/x", True),
        ("github.com", "stark/x", False),
        ("github.com", "", False),
    ],
)
def test_what_is_ours(forge: str, repository: str, ours: bool) -> None:
    assert WATCH.is_watched(forge, repository) is ours


def test_names_on_a_forge_are_those_of_any_and_its_own() -> None:
    assert WATCH.organisations_on("github.com") == ("acme", "initech")
    assert WATCH.organisations_on("gitlab.com") == ("acme",)
    assert WATCH.users_on("gitlab.com") == ("jane",)
    assert WATCH.repositories_on("codeberg.org") == ("globex/site", "hooli/app")


def test_nothing_is_ours_where_nothing_is_watched() -> None:
    assert not Watching().is_watched("github.com", "acme/web")
