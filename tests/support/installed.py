"""The wheel in an environment of its own: nothing in it but what the wheel asks for, at the versions of requirements.txt."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import debian

ROOT = Path(__file__).parents[2]
_REQUIREMENTS = ROOT / "requirements.txt"
_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def wheel(folder: Path) -> Path:
    """That of `make test` if nothing in the tree is newer, else one built into `folder`. Blocks, half a minute if it is built."""
    for path in (ROOT / "dist").glob("leakstream-*.whl"):
        if path.stat().st_mtime > _newest():
            return path
    _run(sys.executable, "-m", "build", "--quiet", "--wheel", "--no-isolation", "--outdir", folder, cwd=ROOT)
    (built,) = folder.glob("leakstream-*.whl")
    return built


def environment(folder: Path, built: Path) -> Path:
    """Makes `folder`; returns that of its programs. Blocks."""
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    install = [*_PIP, "--python", folder / "bin" / "python", "install", "--no-index", "--no-deps"]
    needed = ["--find-links", _downloaded(), "--require-hashes", "-r", _REQUIREMENTS]
    _run(*install, "--no-compile", *needed)  # compiling takes longer than what a test imports
    _run(*install, built)
    return folder / "bin"


def _downloaded() -> Path:
    """What requirements.txt names, kept between runs beside the other tools of the tests; from where this machine's pip gets it."""
    base = debian.home() / "wheels"
    folder = base / hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:16]
    base.mkdir(parents=True, exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fresh = Path(tempfile.mkdtemp(dir=base))
            try:
                _run(*_PIP, "download", "--no-deps", "--require-hashes", "-d", fresh, "-r", _REQUIREMENTS)
                fresh.rename(folder)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _newest() -> float:
    files = [
        path
        for package in ("detectors", "monitor")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    return max(path.stat().st_mtime for path in (*files, ROOT / "pyproject.toml"))


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
