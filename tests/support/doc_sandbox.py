"""A folder in which the commands of one page are run, and the service that a page starts.

What is changed of a command is told in `Sandbox.script`: ports, addresses, and the id that pages use as their example.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

SECONDS = 60.0  # for one command, or for a service to be there
EXAMPLE_ID = "3f9c2a1b77d0"  # what pages call the exposure that they speak of


class Sandbox:
    """One page's folder. At most one service runs at a time: what a fence with `stays` starts. `beside` has what else runs for the page."""

    def __init__(self, folder: Path, environment: dict[str, str], exposure: Callable[[Sandbox], str]) -> None:
        """`exposure` knows the id of an exposure that is there."""
        self.folder = folder
        self.environment = environment
        self.changed: dict[str, str] = {}
        self.proof: Callable[[], bool] = lambda: True  # becomes true before the page is done
        self.beside = ExitStack()
        self._exposure = exposure
        self.web, self.metrics = free_port(), free_port()
        self._service: subprocess.Popen[bytes] | None = None

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    def script(self, text: str) -> str:
        """`text` with ports of our own, so that tests may run beside one another, and with an id that is there."""
        own = {
            "127.0.0.1:8686": f"127.0.0.1:{self.web}",
            "127.0.0.1:8687": f"127.0.0.1:{self.metrics}",
            "leakstream demo": f"leakstream demo --web-port {self.web} --metrics-port {self.metrics}",
        }
        for word, instead in {**own, **self.changed}.items():
            text = text.replace(word, instead)
        return text.replace(EXAMPLE_ID, self._exposure(self)) if EXAMPLE_ID in text else text

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """One script, whole. Both streams are in `stdout`."""
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", self.script(text)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def start(self, text: str) -> None:
        """A service that stays; the one before it ends first. Returns when it takes requests."""
        self.end()
        with (self.folder / "service.log").open("ab") as log:
            self._service = subprocess.Popen(
                ["bash", "-c", f"exec {self.script(text).strip()}"],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        for port, path in ((self.metrics, "readyz"), (self.web, "healthz")):
            answers(f"http://127.0.0.1:{port}/{path}", self.alive)

    def close(self) -> None:
        """End the service and what runs beside it."""
        with self.beside:
            self.end()

    def end(self) -> None:
        """Raises AssertionError when the service does not end as Ctrl-C asks it to."""
        if self._service is not None:
            service, self._service = self._service, None
            service.send_signal(signal.SIGINT)
            assert service.wait(30) == 0, self.log
            time.sleep(0.05)

    @property
    def log(self) -> str:
        path = self.folder / "service.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def alive(self) -> None:
        """Raises AssertionError when the service has ended."""
        assert self._service is not None
        assert self._service.poll() is None, self.log

    def _environment(self) -> dict[str, str]:
        ports = {"LEAKSTREAM_WEB__PORT": str(self.web), "LEAKSTREAM_METRICS__PORT": str(self.metrics)}
        return {**self.environment, **ports}


def newest(sandbox: Sandbox, *, count: int = 1) -> str:
    """The id of the exposure seen last, as soon as there are `count`."""
    found: list[str] = []

    def enough() -> bool:
        listed = sandbox.run("leakstream exposures list --json")
        assert listed.returncode == 0, listed.stdout
        found[:] = [json.loads(line)["short"] for line in listed.stdout.splitlines()]
        return len(found) >= count

    until(enough, sandbox.alive)
    return found[0]


def end(process: subprocess.Popen[bytes]) -> None:
    """At once."""
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], bool], alive: Callable[[], None]) -> None:
    """Raises TimeoutError, and whatever `alive` raises."""
    end = time.monotonic() + SECONDS
    while not what():
        alive()
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)


def answers(url: str, alive: Callable[[], None]) -> None:
    """Wait until somebody answers there, and not with a 503."""

    def look() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return True
        except urllib.error.HTTPError as refused:
            with refused:  # it holds the connection
                return refused.code != 503
        except (urllib.error.URLError, ConnectionError):
            return False

    until(look, alive)


_ANY = re.compile(r"[0-9a-f]{4,}…|…|\.\.\.|[0-9a-f]{12,}|\d[\d,.:]*")


def shows(line: str, output: str) -> bool:
    """Whether the output has the line, whatever its numbers, digests, places left out (`…`) and blanks are."""
    parts = [re.escape(part) for part in _ANY.split(line.strip())]
    pattern = r"\S*".join(parts).replace("\\ ", " ")
    pattern = re.sub(r" +", r"\\s+", pattern)
    if "…" in line or "..." in line:
        pattern = pattern.replace(r"\S*", ".*")
    return re.search(pattern, output) is not None
