"""Git repositories for tests, made with the real git in a home of their own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

GIT_DATE = 1_700_000_000


class Repo:
    """A work tree at `path`. Every commit is one second later than the one before, so that ids are the same in each run."""

    def __init__(self, path: Path, *init: str) -> None:
        self.path = path
        self.commits = 0
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", *init)

    def git(self, *arguments: str, data: bytes = b"", check: bool = True, **environment: str) -> str:
        """Run git carelessly, as a person would. Returns the output without its last newline."""
        stamp = f"{GIT_DATE + self.commits} +0000"
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=data,
            capture_output=True,
            timeout=180,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.path.parent),
                "GIT_AUTHOR_NAME": "Ada Example",
                "GIT_AUTHOR_EMAIL": "ada@example.test",
                "GIT_COMMITTER_NAME": "Bo Example",
                "GIT_COMMITTER_EMAIL": "bo@example.test",
                "GIT_AUTHOR_DATE": stamp,
                "GIT_COMMITTER_DATE": stamp,
                "GIT_CONFIG_NOSYSTEM": "1",
                **environment,
            },
        )
        if check and done.returncode:
            raise AssertionError(done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def write(self, path: str | bytes, content: bytes) -> None:
        file = self.path / os.fsdecode(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def commit(self, message: str = "change", **files: bytes) -> str:
        """Write `files` (double underscore for a dot), commit everything, return the commit's id."""
        for name, content in files.items():
            self.write(name.replace("__", "."), content)
        self.commits += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def blob(self, content: bytes) -> str:
        """Store a blob, return its id."""
        return self.git("hash-object", "-w", "--stdin", data=content)
