"""The three questions, at a real terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

from monitor.app import load_config
from monitor.commands.answers import Plan, Secret
from monitor.commands.questions import ask_secrets
from shell import COMMAND

PATIENCE = 120.0
TOKEN = "a-token-that-was-typed"


class Terminal:
    """A program at the other end of a pseudo terminal."""

    def __init__(self, *arguments: str, folder: Path) -> None:
        self._own, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = ""

    def until(self, pattern: str) -> None:
        """Read on until it shows; what was looked for before does not count again."""
        start, end = len(self.shown), time.monotonic() + PATIENCE
        while not re.search(pattern, self.shown[start:]):
            assert time.monotonic() < end, self.shown
            if select.select([self._own], [], [], 0.1)[0]:
                self.shown += os.read(self._own, 4096).decode()

    def type(self, line: str) -> None:
        os.write(self._own, line.encode() + b"\n")

    def finish(self) -> int:
        while True:
            try:
                piece = os.read(self._own, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            self.shown += piece.decode()
        os.close(self._own)
        return self.process.wait(PATIENCE)


def test_three_questions_make_a_configuration_and_what_is_secret_is_never_shown(tmp_path: Path) -> None:
    terminal = Terminal("init", folder=tmp_path)
    terminal.until(r"1\. What is yours\?.*: ")
    terminal.type("example.com, acme-corp")
    terminal.until(r"Names with commas \[github_events, .*\]: ")
    terminal.type("github_events")
    terminal.until(r"Names with commas \[log\]: ")
    terminal.type("alertmanager=http://127.0.0.1:9093, slack")
    terminal.until(
        r"token of sources.github_events \(not shown; Enter = later\): "
    )  # the last blank comes once the echo is off
    terminal.type(TOKEN)
    terminal.until(r"url of notifiers.slack \(.*\): ")
    terminal.type("")
    assert terminal.finish() == 0
    assert TOKEN not in terminal.shown
    assert "umask 077; cat > slack.url" in terminal.shown
    assert "leakstream doctor" in terminal.shown
    token = tmp_path / "github.token"
    assert (token.read_text(), token.stat().st_mode & 0o777) == (TOKEN + "\n", 0o600)
    assert not (tmp_path / "slack.url").exists()
    text = (tmp_path / "leakstream.toml").read_text()
    assert TOKEN not in text
    config = load_config(tmp_path / "leakstream.toml", {})
    assert set(config.sources) == {"github_events", "selftest"}
    assert set(config.notifiers) == {"alertmanager", "slack"}


def test_a_secret_that_is_there_or_was_made_here_is_not_asked_for() -> None:
    plan = Plan(
        {},
        {"a.token": Secret("a.token", "a token"), "b.key": Secret("b.key", "a key", "made", generated=True)},
    )
    assert ask_secrets(plan, ["a.token"]) == plan
