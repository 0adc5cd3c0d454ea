"""Programs and data that the tests take from Go modules, by the `go` of this machine: built, or unpacked, once into the cache folder.

What is built is named in `tests/support/go/go.mod`, with the digests of everything that goes into it beside that file.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from debian import Unavailable, home

_MODULE = Path(__file__).with_name("go")
_SECONDS = 280  # for one call of go: a build takes 25 seconds of CPU, on a busy machine some minutes


def tool(name: str, package: str) -> Path:
    """`name` on the PATH, else the program `package` of our go.mod. Blocks while it is built for the first time; safe for several processes
    at once. Raises Unavailable.
    """
    if found := shutil.which(name):
        return Path(found)
    base = home() / "go"
    path = base / f"{name}-{_version(package)}"
    if not path.exists():
        base.mkdir(parents=True, exist_ok=True)
        with (base / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=base) as work:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                built = Path(work) / name
                # not optimized: compiled in half of the time, and what it checks is small
                _go(name, "build", "-gcflags=all=-N -l", "-ldflags=-s -w", "-o", str(built), package)
                built.rename(path)
    return path


def module(path: str, version: str, digest: str) -> Path:
    """The files of a module, whose digest (`h1:…`, as go.sum has it) is checked; go itself keeps them. Blocks. Raises Unavailable."""
    answer = json.loads(_go(path, "mod", "download", "-json", f"{path}@{version}"))
    if answer["Sum"] != digest:
        raise Unavailable(f"Go module {path} {version} is not the one that was looked at: {answer['Sum']}")
    return Path(answer["Dir"])


def _version(package: str) -> str:
    """That of the module of `package` in our go.mod."""
    for line in (_MODULE / "go.mod").read_text().splitlines():
        words = line.removeprefix("require ").split()
        if len(words) > 1 and package.startswith(f"{words[0]}/"):
            return words[1]
    raise Unavailable(f"{_MODULE}/go.mod requires no module of {package}")


def _go(what: str, *arguments: str) -> str:
    """What `go` printed."""
    environment = {**os.environ, "GOFLAGS": "-mod=readonly -trimpath -buildvcs=false", "CGO_ENABLED": "0"}
    try:
        done = subprocess.run(
            ["go", *arguments],
            cwd=_MODULE,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(_advice(what, str(error))) from error
    if done.returncode:
        raise Unavailable(_advice(what, (done.stderr or done.stdout).strip()[-1000:]))
    return done.stdout


def _advice(what: str, why: str) -> str:
    return (
        f"{what} cannot be had with go here: {why}\n"
        "These tests run the real program and are not skipped: put it on the PATH, or install Go 1.24 or newer."
    )
