from __future__ import annotations

from monitor.collectors.github.known_commits import KnownCommits


def entry(path: str, blob: str = "b" * 40) -> dict[str, str]:
    return {"filename": path, "sha": blob}


def test_a_commit_is_known_by_its_files_and_unknown_before() -> None:
    known = KnownCommits()
    assert known.files("c1") is None
    known.remember("c1", [entry("a"), entry("", "x"), "rubbish"])
    assert known.files("c1") == [("a", "b" * 40)]
    known.remember("empty", [])
    assert known.files("empty") == []


def test_large_commits_and_old_ones_are_not_kept() -> None:
    known = KnownCommits()
    known.remember("large", [entry(str(n)) for n in range(51)])
    assert known.files("large") is None
    for number in range(5_001):
        known.remember(f"c{number}", [entry("a")])
    assert known.files("c0") is None
    assert known.files("c1") is not None
