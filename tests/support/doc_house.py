"""Where the commands of the documentation are run: folders with what a page takes for granted, and one running service with
leaks in it.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
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
from doc_sandbox import SECONDS, Sandbox, end, newest
from localpostgres import LocalPostgres
from monitor.simulator.credentials import RuleMaker

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


class House:
    """Everything that pages share: the program, and a service with leaks."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="leakstream-docs-"))
        self.pager = Pager()
        self.exposure = ""
        self.programs = self.folder / "bin"
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
                self._home.close()
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

    def simulator(self, page: Sandbox) -> str:
        """A small GitHub with a watched company that leaks, until the page closes; its address."""
        command = ["-m", "monitor.simulator", "--rate", "50", "--leaks", "0.3", "--poll-interval", "1"]
        process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, cwd=self.folder)
        page.beside.callback(end, process)
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
        self.programs.mkdir()
        address = self.folder / "calls"
        self._program = subprocess.Popen(
            [sys.executable, quick_command.__file__, str(address)], stdout=subprocess.PIPE, cwd=self.folder
        )
        assert self._program.stdout is not None
        assert self._program.stdout.readline() == b"ready\n"
        quick_command.shim(self.programs / "leakstream", address)
        (self.programs / "python").symlink_to(sys.executable)
        for name in ("age", "age-keygen"):
            (self.programs / name).symlink_to(debian.program("age", name))
        for package, name in (("curl", "curl"), ("openssl", "openssl"), ("openssh-client", "ssh-keygen")):
            if shutil.which(name) is None:
                from_package(self.programs / name, package)
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
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(default_cache().parent),  # the rules are compiled there
            "COLUMNS": "200",
            "NO_COLOR": "1",
        }


def from_package(path: Path, package: str, folder: str = "usr/bin") -> None:
    """Make `path` the program of its name out of Debian's package, with the libraries that it needs. Raises debian.Unavailable."""
    tree = debian.whole(package)
    libraries = tree / "usr" / "lib" / "x86_64-linux-gnu"
    path.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {tree}/{folder}/{path.name} "$@"\n')
    path.chmod(0o755)
