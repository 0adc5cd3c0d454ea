from __future__ import annotations

import random
from pathlib import Path

import pytest

from detectors import RuleSet, Scanner, load_rules
from detectors.synthetic import secret_for
from monitor.matcher.blocks import Progress
from monitor.matcher.tree import scan_tree


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules()


@pytest.fixture(scope="module")
def planted(rules: RuleSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """A tree of 1,200 files, every tenth with a secret."""
    root = tmp_path_factory.mktemp("tree")
    rng = random.Random(7)
    rule = next(rule for rule in rules.rules if rule.id == "github-pat-classic")
    places = set()
    for number in range(1200):
        folder = root / f"{number % 7}" / f"{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        text = b"line of text\n" * rng.randrange(1, 300)
        if number % 10 == 0:
            text += b"k = '" + secret_for(rule, rng) + b"'\n"
            places.add(str(folder / f"{number}.c"))
        (folder / f"{number}.c").write_bytes(text)
    return root, places


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_plant_is_found_once_with_any_number_of_jobs(
    rules: RuleSet, planted: tuple[Path, set[str]], jobs: int
) -> None:
    root, places = planted
    progress = Progress()

    found = list(scan_tree([str(root)], lambda: Scanner(rules), progress, jobs=jobs))

    assert sorted(one.document.provenance.path for one in found) == sorted(places)
    assert progress.files == 1200
    assert progress.bytes == sum(path.stat().st_size for path in root.rglob("*.c"))


def test_files_and_folders_may_be_named_and_version_control_is_passed_over(
    rules: RuleSet, planted: tuple[Path, set[str]], tmp_path: Path
) -> None:
    _, places = planted
    secret = Path(min(places)).read_bytes()
    for name in (".git/config", "src/.svn/x", "src/a", "b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(secret)
    (tmp_path / "link").symlink_to(tmp_path / "b")
    progress = Progress()

    roots = [str(tmp_path / "src"), str(tmp_path / "link"), str(tmp_path / "gone")]
    found = list(scan_tree(roots, lambda: Scanner(rules), progress))

    assert sorted(Path(one.document.id).name for one in found) == ["a", "b"]
    assert progress.skipped == {"unreadable_file": 1}


@pytest.mark.parametrize("jobs", [1, 3])
def test_ending_early_leaves_no_thread(rules: RuleSet, planted: tuple[Path, set[str]], jobs: int) -> None:
    results = scan_tree([str(planted[0])], lambda: Scanner(rules), Progress(), jobs=jobs)
    next(iter(results))

    results.close()

    with pytest.raises(StopIteration):
        next(results)


@pytest.mark.parametrize("jobs", [1, 3])
def test_an_error_of_the_scanner_is_raised(planted: tuple[Path, set[str]], jobs: int) -> None:
    def broken() -> Scanner:
        raise LookupError("no rules")

    with pytest.raises(LookupError, match="no rules"):
        list(scan_tree([str(planted[0])], broken, Progress(), jobs=jobs))


def test_a_thread_for_which_nothing_is_left_makes_no_scanner(rules: RuleSet, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"text")
    made = []

    def make() -> Scanner:
        made.append(Scanner(rules))
        return made[-1]

    assert list(scan_tree([str(tmp_path)], make, Progress(), jobs=4)) == []
    assert len(made) == 1
