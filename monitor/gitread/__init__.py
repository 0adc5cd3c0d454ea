"""Safe reading of git repositories: nothing that stands in them, or behind their URL, is executed or obeyed.

`open_repository` -> `history` (who put which blob where) -> `BlobReader` (the bytes). Synchronous; threads are the caller's.
"""

from monitor.gitread.address import Remote, parse
from monitor.gitread.blobs import BlobReader, Piece
from monitor.gitread.errors import GitError
from monitor.gitread.history import Change, Commit, Step, history
from monitor.gitread.mirror import Access
from monitor.gitread.process import Leash, Quota
from monitor.gitread.repository import Repository, open_repository

__all__ = [
    "Access",
    "BlobReader",
    "Change",
    "Commit",
    "GitError",
    "Leash",
    "Piece",
    "Quota",
    "Remote",
    "Repository",
    "Step",
    "history",
    "open_repository",
    "parse",
]
