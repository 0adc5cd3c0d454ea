"""Programs that the tests run beside ours: taken from the PATH, else out of Debian's own packages, without root and without
installing anything.

A package is got with `apt-get download` from wherever this machine's apt is set up to ask, after an update of a private package
list, and unpacked into a cache folder: `$LEAKSTREAM_TEST_TOOLS`, else `leakstream` under `$XDG_CACHE_HOME` or `~/.cache`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_SECONDS = 100  # for one call of apt-get or dpkg-deb; less than what a test may take

# A program that opens files of its package by a path that is only there once it is installed. Our copy of it looks for them in
# `share` in its working folder: a path of the same length, so that nothing else in the program moves.
_INSTALLED_AT = {"prometheus-alertmanager": "/usr/share/prometheus/alertmanager"}


class Unavailable(Exception):
    """The program is neither on the PATH nor to be had from a package. A test fails with it; it never skips."""


def program(package: str, *names: str) -> Path:
    """The first of `names` on the PATH, else in Debian's `package`. Blocks while it is fetched for the first time; safe for several
    processes at once. Raises Unavailable.
    """
    for name in names:
        if found := shutil.which(name):
            return Path(found)
    tree = _unpacked(package)
    for name in names:
        if (path := tree / "usr" / "bin" / name).exists():
            return path
    raise Unavailable(f"Debian's package {package} has none of {', '.join(names)} in usr/bin")


def whole(package: str, *more: str) -> Path:
    """A tree with `package`, `more` and all that they need and this machine has not, for programs that need many libraries. Blocks as
    `program` does. Raises Unavailable.
    """
    return _unpacked(package, *more, needed=True)


def folder(package: str, name: str) -> Path:
    """The folder `name` of Debian's `package`, as `program` gets one. Raises Unavailable."""
    path = _unpacked(package) / name
    if not path.exists():
        raise Unavailable(f"Debian's package {package} has no {name}")
    return path


def share(program: Path) -> Path | None:
    """What must be linked as `share` in the working folder of a program that `program` gave; None: nothing."""
    for package, path in _INSTALLED_AT.items():
        if program.is_relative_to(tree := home() / "debian" / package):
            return tree / path.lstrip("/")
    return None


def home() -> Path:
    """Where fetched tools are kept between runs, outside the repository."""
    if chosen := os.environ.get("LEAKSTREAM_TEST_TOOLS"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "leakstream"


def _unpacked(package: str, *more: str, needed: bool = False) -> Path:
    """The package's files, with those of `more` and of what they need if `needed`: whole or not there at all."""
    base = home() / "debian"
    folder = base / (f"{package}+" if needed else package)
    if folder.exists():
        return folder
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=base) as work:
                tree = Path(work) / "tree"
                _fetch([package, *more], base / "apt", tree, needed=needed)
                if package in _INSTALLED_AT:
                    _move(tree, _INSTALLED_AT[package].encode())
                tree.rename(folder)
    return folder


def _fetch(packages: list[str], state: Path, tree: Path, *, needed: bool) -> None:
    package = packages[0]
    for missing in ("lists/partial", "archives/partial"):
        (state / missing).mkdir(parents=True, exist_ok=True)
    options = {
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::Cache": state,
        "APT::Sandbox::User": "",  # root's cache folder is closed to apt's own user
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Retries": 2,
        "Acquire::http::Timeout": 20,
    }
    apt = ["apt-get", "-q", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]
    _run(package, [*apt, "update"], state)
    if needed:
        plan = _run(package, [*apt, "install", "--simulate", "--no-install-recommends", *packages], state)
        packages = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    _run(package, [*apt, "download", *packages], tree.parent)
    for archive in sorted(tree.parent.glob("*.deb")):
        _run(package, ["dpkg-deb", "-x", str(archive), str(tree)], state)


def _move(tree: Path, path: bytes) -> None:
    for file in (tree / "usr" / "bin").iterdir():
        file.write_bytes(file.read_bytes().replace(path, b"share".ljust(len(path), b"/")))


def _run(package: str, command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(_advice(package, str(error))) from error
    if done.returncode:
        raise Unavailable(_advice(package, (done.stderr or done.stdout).strip()[-1000:]))
    return done.stdout


def _advice(package: str, why: str) -> str:
    return (
        f"Debian's package {package} cannot be fetched here: {why}\n"
        "These tests run the real program and are not skipped: put it on the PATH, or make `apt-get update` work."
    )
