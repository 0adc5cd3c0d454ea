"""Blobs and messages as documents of the bus."""

from __future__ import annotations

from monitor.contracts import Document, Provenance
from monitor.gitread.blobs import Piece
from monitor.gitread.history import Commit
from monitor.gitread.repository import Repository
from monitor.sizes import PART_OVERLAP


def text(path: bytes) -> str:
    """A path of git as text; bytes that are no UTF-8 stay readable and distinct."""
    return path.decode("utf-8", "backslashreplace")


def blob_document(
    source: str, repository: Repository, piece: Piece, commit: Commit | None, path: str, *, now: float
) -> Document:
    """A blob (or a part of a large one) at a path where `commit` put it. The id is the text's: the same at every path."""
    return Document(
        source=source,
        id=f"{repository.where}:{piece.blob}",
        content=piece.data,
        fetched_at=now,
        published_at=commit.time if commit else None,
        history=True,  # when it was committed says nothing about when it was pushed
        blob_sha=piece.blob,
        provenance=Provenance(
            forge=repository.forge,
            repository=repository.name,
            owner=repository.owner,
            url=repository.file_url(commit.id, path) if commit else repository.url,
            commit=commit.id if commit else "",
            path=path,
            author=commit.author if commit else "",
            author_email=commit.author_email if commit else "",
        ),
        offset=piece.offset,
        line=piece.line,
        overlap=PART_OVERLAP if piece.offset else 0,
        more=not piece.last,
    )


def message_document(source: str, repository: Repository, commit: Commit, *, now: float) -> Document:
    """The message of a commit or a tag. Its object id takes the place of the blob's."""
    return blob_document(source, repository, Piece(commit.id, commit.message), commit, "", now=now)
