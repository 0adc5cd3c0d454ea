"""Apache Kafka's own jars, fetched once by Maven into a cache outside of the repository."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

_POM: Final = Path(__file__).with_name("pom.xml")


class Unavailable(Exception):
    """No Kafka can be had here. The message says what is missing."""


def classpath() -> str:
    """The class path of the whole distribution, for `java -cp`. Fetches it when the cache has none.

    Blocks, the first time for as long as the download of 44 MB takes. Safe for several processes at once: one fetches, the others wait
    for it. Raises Unavailable without Java 17, or without Maven or a repository that it reaches while nothing is cached.
    """
    java()
    folder = _cache() / f"kafka-{_version()}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _fetch(folder)
    return f"{folder}/*"


def java() -> str:
    """The `java` to run: of JAVA_HOME, else of the PATH. Raises Unavailable."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if found is None:
        raise Unavailable("no java found: install a Java 17 runtime (or newer), or set JAVA_HOME")
    return found


def _cache() -> Path:
    if given := os.environ.get("LEAKSTREAM_TEST_TOOLS"):
        return Path(given).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "leakstream"


def _version() -> str:
    found = re.search(r"<kafka\.version>([\w.-]+)</", _POM.read_text(encoding="utf-8"))
    assert found is not None, "pom.xml names its Kafka's version"
    return found[1]


def _fetch(folder: Path) -> None:
    """Make `folder`, whole or not at all."""
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(f"no mvn found: install Maven, or put the jars of Kafka {_version()} into {folder}")
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [
                *(maven, "--quiet", "--batch-mode", "--strict-checksums", "--file", str(_POM)),
                *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={scratch}"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Unavailable(f"Maven could not fetch Kafka {_version()}:\n{done.stdout[-2000:]}")
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
