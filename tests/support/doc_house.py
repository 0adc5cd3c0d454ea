"""Where the commands of the documentation are run: folders with what a page takes for granted, and one running service with
leaks in it.

What is changed of a command is told in `Sandbox.script`: ports, addresses, and the id that pages use as their example.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import debian
import quick_command
from agekeys import responder
from detectors import load_rules
from detectors.files import default_cache
from localpostgres import LocalPostgres
from monitor.simulator.credentials import RuleMaker

SECONDS = 60.0  # for one command, or for a service to be there
EXAMPLE_ID = "3f9c2a1b77d0"  # what pages call the exposure that they speak of
TOKEN = "a-made-up-token-of-the-documentation"
_CONFIG = """\
state = "{folder}/state"
key_file = "{folder}/state.key"
external_url = "http://127.0.0.1:{web}"

[watch]
domains = ["example.com"]
organisations = ["acme"]
repositories = ["github.com/acme/infra"]

[match]
processes = 1

[evidence]
recipients = ["{responder}"]

[[sources.ingest.tokens]]
name = "documentation"
token = "{token}"
forges = ["github.com"]

[[sources.ingest.deliveries]]
name = "support-bot"
consumer_secret_file = "{folder}/x-consumer-secret"

[sources.ingest.deliveries.subscriptions]
"2244994945" = []

[notifiers.webhook]
url = "{pager}/"
secret = "whsec_{whsec}"
drills = true

[http]
allow_private = ["127.0.0.1"]
"""


class Pager:
    """A receiver of pages; `told` has the bodies."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Sandbox:
    """One page's folder. `service` is the process that a fence with `stays` started."""

    def __init__(self, folder: Path, environment: dict[str, str], exposure: Callable[[Sandbox], str]) -> None:
        """`exposure` knows the id of an exposure that is there."""
        self.folder = folder
        self.environment = environment
        self.changed: dict[str, str] = {}
        self.proof: Callable[[], bool] = lambda: True  # becomes true before the page is done
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


class House:
    """Everything that pages share: the program, and a service with leaks."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="leakstream-docs-"))
        self.pager = Pager()
        self.exposure = ""
        self._bin = self.folder / "bin"
        self._program: subprocess.Popen[bytes] | None = None
        self._home: Sandbox | None = None
        self._more = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._home is not None:
                self._home.end()
        finally:
            self._close()

    def _close(self) -> None:
        if self._program is not None:
            end(self._program)
        self._more.close()
        self.pager.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sandbox(self, name: str, *, served: bool = True) -> Sandbox:
        """A folder of its own. `served`: with the configuration of the running service in it; what it says of ports holds."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        sandbox = Sandbox(folder, self._environment(folder), (lambda _: self.exposure) if served else newest)
        if served and self._home is not None:
            sandbox.web, sandbox.metrics = self._home.web, self._home.metrics
            sandbox.changed["https://leaks.example.com"] = f"http://127.0.0.1:{self._home.web}"
            sandbox.write("leakstream.toml", (self._home.folder / "leakstream.toml").read_text())
        return sandbox

    @cached_property
    def postgres(self) -> LocalPostgres:
        """A server, started when a page asks for it."""
        return self._more.enter_context(LocalPostgres())

    @cached_property
    def leaks(self) -> RuleMaker:
        return RuleMaker(load_rules(), providers=("github", "slack", "stripe"))

    @property
    def store(self) -> Path:
        assert self._home is not None
        return self._home.folder / "state" / "store.db"

    @property
    def key(self) -> Path:
        assert self._home is not None
        return self._home.folder / "state.key"

    def simulator(self) -> str:
        """A small GitHub with a watched company that leaks, until the house closes; its address."""
        command = ["-m", "monitor.simulator", "--rate", "50", "--leaks", "0.3", "--poll-interval", "1"]
        process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, cwd=self.folder)
        self._more.callback(end, process)
        assert process.stdout is not None
        return process.stdout.readline().decode().split()[-1]

    def hand_in(self, content: bytes, **place: str) -> None:
        """To the running service."""
        self._post(f"v1/documents?{urlencode(place)}", content, {"Authorization": f"Bearer {TOKEN}"})

    def deliver(self, webhook: str, body: bytes) -> None:
        """As X does."""
        signed = base64.b64encode(hmac.digest(TOKEN.encode(), body, "sha256")).decode()
        self._post(f"deliveries/{webhook}", body, {"x-twitter-webhooks-signature": f"sha256={signed}"})

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        assert self._home is not None
        url = f"http://127.0.0.1:{self._home.web}/ingest/{path}"
        with urllib.request.urlopen(
            urllib.request.Request(url, body, {"Content-Type": "application/json", **headers}),
            timeout=SECONDS,
        ) as answer:
            assert answer.status in (200, 202)

    def _open(self) -> None:
        self._bin.mkdir()
        address = self.folder / "calls"
        self._program = subprocess.Popen(
            [sys.executable, quick_command.__file__, str(address)], stdout=subprocess.PIPE, cwd=self.folder
        )
        assert self._program.stdout is not None
        assert self._program.stdout.readline() == b"ready\n"
        quick_command.shim(self._bin / "leakstream", address)
        (self._bin / "python").symlink_to(sys.executable)
        for name in ("age", "age-keygen"):
            (self._bin / name).symlink_to(debian.program("age", name))
        home = self.sandbox("home")
        self.responder = responder(home.folder)
        home.write("x-consumer-secret", TOKEN)
        home.write(
            "leakstream.toml",
            _CONFIG.format(
                folder=home.folder,
                web=home.web,
                responder=self.responder.public,
                token=TOKEN,
                pager=self.pager.url,
                whsec="aGFs" * 8,
            ),
        )
        home.start("leakstream run")
        self._home = home
        self._leak()

    def _leak(self) -> None:
        rng = random.Random(7)
        for number in range(3):
            self.hand_in(
                self.leaks(rng).text,
                forge="github.com",
                owner="acme",
                repository="acme/infra",
                path=f"deploy/settings-{number}.env",
                author="ann",
                author_email="ann@example.com",
                published_at=str(time.time() - 5),
            )
        assert self._home is not None
        self.exposure = newest(self._home, count=3)

    def _environment(self, folder: Path) -> dict[str, str]:
        home = folder / ".home"
        home.mkdir(exist_ok=True)
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
        return {
            **kept,
            **{
                f"GIT_{who}_{what}": "docs@example.com"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
            "PATH": f"{self._bin}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(default_cache().parent),  # the rules are compiled there
            "COLUMNS": "200",
            "NO_COLOR": "1",
        }


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
            return refused.code != 503
        except (urllib.error.URLError, ConnectionError):
            return False

    until(look, alive)


_ANY = re.compile(r"…|\.\.\.|[0-9a-f]{12,}|\d[\d,.:]*")


def shows(line: str, output: str) -> bool:
    """Whether the output has the line, whatever its numbers, digests, places left out (`…`) and blanks are."""
    parts = [re.escape(part) for part in _ANY.split(line.strip())]
    pattern = r"\S*".join(parts).replace("\\ ", " ")
    pattern = re.sub(r" +", r"\\s+", pattern)
    if "…" in line or "..." in line:
        pattern = pattern.replace(r"\S*", ".*")
    return re.search(pattern, output) is not None
