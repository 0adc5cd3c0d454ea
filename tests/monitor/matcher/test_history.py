from __future__ import annotations

import random
from pathlib import Path

import pytest

from detectors import RuleSet, Scanner, load_rules
from detectors.synthetic import secret_for
from gitrepos import Repo
from monitor.gitread import open_repository
from monitor.matcher.blocks import Found, Progress
from monitor.matcher.history import scan_history


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules()


def token(rules: RuleSet, seed: int) -> bytes:
    rule = next(rule for rule in rules.rules if rule.id == "github-pat-classic")
    return secret_for(rule, random.Random(seed))


def scan(repo: Repo, rules: RuleSet) -> tuple[list[Found], Progress]:
    progress = Progress()
    repository = open_repository(str(repo.path), repo.path.parent / "view")
    return list(scan_history(repository, Scanner(rules), progress)), progress


def test_what_was_removed_and_what_was_only_said_is_found_at_its_commit(
    rules: RuleSet, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "repo")
    removed, said, tagged = (token(rules, seed) for seed in range(3))
    repo.commit("clean", a=b"x\n")
    leaked = repo.commit("leak", a=b"x\nkey = " + removed + b"\n")
    repo.commit("clean again", a=b"x\n")
    message = repo.commit(f"oops {said.decode()}")
    repo.git("tag", "-a", "-m", f"was {tagged.decode()}", "v1", leaked)

    found, progress = scan(repo, rules)

    places = {one.findings[0].secret: one.document.provenance for one in found}
    assert set(places) == {removed, said, tagged}
    assert (places[removed].commit, places[removed].path) == (leaked, "a")
    assert (places[said].commit, places[said].path) == (message, "")
    assert places[tagged].commit == repo.git("rev-parse", "v1")
    assert places[removed].author == "Ada Example"
    assert progress.skipped == {}
    assert progress.files == 2 + 4 + 1  # blobs, messages, a tag


def test_each_blob_is_scanned_once(rules: RuleSet, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    secret = token(rules, 1)
    for number in range(5):
        repo.commit(a=secret if number % 2 else b"nothing", b=secret)

    found, progress = scan(repo, rules)

    assert len(found) == 1
    assert progress.bytes == len(secret) + len(b"nothing") + 5 * len(b"change\n")


def test_a_secret_in_a_large_blob_is_found_with_its_offset(rules: RuleSet, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    secret = token(rules, 2)
    content = b"0123456 89abcde\n" * (9 << 16) + secret
    repo.commit(a=content)

    found, _ = scan(repo, rules)

    (one,) = found
    assert one.document.offset + one.findings[0].start == len(content) - len(secret)
    assert one.document.overlap > 0
