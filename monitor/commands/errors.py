"""What a command may end with, other than success. Every command imports this: it imports nothing itself."""

from __future__ import annotations


class Failure(Exception):
    """A command's own word that it cannot go on, and its exit status."""

    def __init__(self, message: str, *, status: int = 2) -> None:
        super().__init__(message)
        self.status = status
