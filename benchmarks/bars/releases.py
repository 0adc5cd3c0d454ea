"""Git histories rebuilt from real releases of open-source packages, with synthetic leaks planted, moved, removed and put back."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detectors import RuleSet
from detectors.model import Kind, Rule
from detectors.synthetic import secret_for
from gitrepos import Repo

# successive releases, oldest first; wheels, so that nothing of them is executed
RELEASES = {
    "requests": "2.18.4 2.19.0 2.19.1 2.20.0 2.20.1 2.21.0 2.22.0 2.23.0 2.24.0 2.25.0 2.25.1 2.26.0 2.27.0 2.27.1 2.28.0 "
    "2.28.1 2.28.2 2.29.0 2.30.0 2.31.0 2.32.2 2.32.3",
    "urllib3": "1.25.6 1.25.7 1.25.8 1.25.9 1.25.10 1.25.11 1.26.0 1.26.1 1.26.2 1.26.3 1.26.4 1.26.5 1.26.6 1.26.7 1.26.8 "
    "1.26.9 1.26.10 1.26.11 1.26.12 1.26.13 1.26.14 1.26.15 1.26.16 1.26.17 1.26.18",
    # its test keys are what the originals hold
    "acme": "0.22.2 0.23.0 0.24.0 0.25.0 0.25.1 0.26.0 0.26.1 0.27.0 0.27.1 0.28.0 0.29.0 0.29.1 0.30.0 0.30.1 0.30.2 0.31.0 "
    "0.32.0 0.33.0 0.33.1 0.34.0 0.34.1 0.34.2 0.35.0 0.36.0",
}


@dataclass(frozen=True, slots=True)
class Plant:
    """A synthetic leak: what line it is, and how it lives in the history."""

    kind: str  # stays, removed, moved, readded, renamed, branch, merge, message, tag
    rule: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """`plant` stands at the end of `file` in the releases `first` to before `end`."""

    plant: Plant
    file: str
    first: int
    end: int


def download(package: str, cache: Path) -> list[Path]:
    """The wheels of all releases, from the cache or by pip."""
    folder = cache / package
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for version in RELEASES[package].split():
        wheels = list(folder.glob(f"*-{version}-*.whl"))
        if not wheels:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            command += ["--only-binary=:all:", "--dest", str(folder), f"{package}=={version}"]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            wheels = list(folder.glob(f"*-{version}-*.whl"))
        found += wheels[:1]
    return found


def plants(rules: RuleSet, kinds: Sequence[str], rng: random.Random) -> list[Plant]:
    """One plant a kind, each of another provider, so that no two of them make a set."""
    fit = [rule for rule in rules.rules if _fits(rule)]
    rng.shuffle(fit)
    by_provider = {rule.provider: rule for rule in fit}
    chosen = rng.sample(sorted(by_provider), len(kinds))
    return [_plant(kind, by_provider[provider], rng) for kind, provider in zip(kinds, chosen, strict=True)]


def _fits(rule: Rule) -> bool:
    return rule.kind is Kind.TOKEN and rule.alone and not rule.extent


def _plant(kind: str, rule: Rule, rng: random.Random) -> Plant:
    return Plant(kind, rule.id, b"x = '" + secret_for(rule, rng) + b"'\n")


KINDS = ("stays", "removed", "moved", "readded", "renamed", "branch", "merge", "message", "tag")


def build(wheels: Sequence[Path], folder: Path, planted: Sequence[Plant], rng: random.Random) -> Repo:
    """A commit for each release; without plants the same history as it really was."""
    repo = Repo(folder)
    by_kind = {plant.kind: plant for plant in planted}
    overlay = list(_overlay(planted, _files(wheels), len(wheels), rng))
    for number, wheel in enumerate(wheels):
        _unpack(wheel, repo.path)
        for placed in overlay:
            if placed.first <= number < placed.end:
                _append(repo.path / placed.file, placed.plant.line)
        said = by_kind["message"].line.decode() if "message" in by_kind and number == 7 else ""
        repo.commit(f"{wheel.stem}\n\n{said}")
        if number == 4 and "branch" in by_kind:
            _side_branch(repo, "lonely", by_kind["branch"].line)
        if number == 9:
            _evil_merge(repo, by_kind["merge"].line if "merge" in by_kind else b"")
    if "tag" in by_kind:
        repo.git("tag", "--annotate", "--message", by_kind["tag"].line.decode(), "release", "HEAD~3")
    return repo


def _overlay(
    planted: Sequence[Plant], files: Sequence[str], releases: int, rng: random.Random
) -> Iterator[Placed]:
    for plant in planted:
        file, other = rng.sample(files, 2)
        first = rng.randrange(1, releases - 8)
        match plant.kind:
            case "stays":
                yield Placed(plant, file, first, releases)
            case "removed":
                yield Placed(plant, file, first, first + 2)
            case "moved":
                yield Placed(plant, file, first, first + 3)
                yield Placed(plant, other, first + 3, first + 6)
            case "readded":
                yield Placed(plant, file, first, first + 2)
                yield Placed(plant, file, first + 5, first + 6)
            case "renamed":
                yield Placed(plant, "old_name.cfg", first, first + 2)
                yield Placed(plant, "new_name.cfg", first + 2, releases)


def _files(wheels: Sequence[Path]) -> list[str]:
    """Python files that every release has."""
    names = [set(zipfile.ZipFile(wheel).namelist()) for wheel in wheels]
    return sorted(name for name in set.intersection(*names) if name.endswith(".py"))


def _unpack(wheel: Path, folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


def _append(file: Path, line: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as out:
        out.write(b"\n" + line)


def _side_branch(repo: Repo, name: str, line: bytes) -> None:
    repo.git("checkout", "--quiet", "-b", name)
    _append(repo.path / "side.txt", line)
    repo.commit("on a branch that nobody merged")
    repo.git("checkout", "--quiet", "main")


def _evil_merge(repo: Repo, line: bytes) -> None:
    """A merge that brings a line which neither side had."""
    repo.git("checkout", "--quiet", "-b", "merged")
    repo.commit("side", side__md=b"a side\n")
    repo.git("checkout", "--quiet", "main")
    repo.commit("main", main__md=b"a main\n")
    repo.git("merge", "--quiet", "--no-commit", "--no-ff", "merged")
    if line:
        _append(repo.path / "resolved.txt", line)
    repo.commit("merge")
