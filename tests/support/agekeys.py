"""Keys and the program of age, as a responder has them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pyrage

import debian


@dataclass(frozen=True)
class Responder:
    """`identity` is the private key's file, which the monitor never sees."""

    public: str
    identity: Path = field(repr=False)

    def opens(self, body: bytes) -> bytes | None:
        """What Debian's `age -d` makes of it with this key, None when it refuses."""
        done = subprocess.run(
            [debian.program("age", "age"), "-d", "-i", self.identity],
            input=body,
            capture_output=True,
            check=False,
        )
        return None if done.returncode else done.stdout


def responder(folder: Path, name: str = "responder") -> Responder:
    """A new X25519 key pair, the private half in a file."""
    made = pyrage.x25519.Identity.generate()
    path = folder / f"{name}.key"
    path.touch(mode=0o600)
    path.write_text(f"{made}\n")
    return Responder(str(made.to_public()), path)


def ssh_responder(folder: Path, name: str = "ssh") -> Responder:
    """The same with an ssh key."""
    path = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", path],
        check=True,
        capture_output=True,
    )
    return Responder(path.with_name(f"{name}.pub").read_text().strip(), path)
