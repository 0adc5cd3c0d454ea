"""Scanning a repository's whole history in one go: each blob and each message once, at the commit that brought it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Final

from detectors import Scanner
from monitor.contracts import Document
from monitor.gitread import BlobReader, Commit, Repository, history
from monitor.gitread.documents import blob_document, message_document, text
from monitor.matcher.blocks import Found, Progress

_BATCH_BYTES: Final = 1 << 20
_BATCH_DOCUMENTS: Final = 256
_BATCH_BLOBS: Final = 200


def scan_history(
    repository: Repository, scanner: Scanner, progress: Progress, *, blob_bytes: int = 256 << 20
) -> Generator[Found, None, None]:
    """What all refs reach. Blocking; git reads in its own processes meanwhile. Raises GitError.

    Large blobs come in parts; `blob_bytes` of each are read. Memory: 20 bytes a blob and a few mebibytes.
    """
    waiting: list[Document] = []
    size = 0
    for document in _documents(repository, progress, blob_bytes):
        progress.bytes += len(document.content) - document.overlap
        progress.files += not document.more
        waiting.append(document)
        size += len(document.content)
        if size >= _BATCH_BYTES or len(waiting) >= _BATCH_DOCUMENTS:
            yield from _scan(waiting, scanner, progress)
            waiting, size = [], 0
    yield from _scan(waiting, scanner, progress)


def _documents(repository: Repository, progress: Progress, blob_bytes: int) -> Iterator[Document]:
    def skip(reason: str) -> None:
        progress.skipped[reason] += 1

    seen: set[bytes] = set()
    new: dict[str, tuple[Commit | None, str]] = {}
    steps = history(repository.git, repository.tips, (), skip)
    with closing(steps), BlobReader(repository.git, skip, max_bytes=blob_bytes) as reader:
        for step in steps:
            if step.commit and step.first and step.commit.message:
                yield message_document("scan", repository, step.commit, now=0.0)
            for change in step.changes:
                name = bytes.fromhex(change.blob)
                if name not in seen:
                    seen.add(name)
                    new[change.blob] = (step.commit, text(change.path))
            if len(new) >= _BATCH_BLOBS:
                yield from _read(repository, reader, new)
                new.clear()
        yield from _read(repository, reader, new)


def _read(
    repository: Repository, reader: BlobReader, new: dict[str, tuple[Commit | None, str]]
) -> Iterator[Document]:
    for piece in reader.read(list(new)):
        yield blob_document("scan", repository, piece, *new[piece.blob], now=0.0)


def _scan(documents: list[Document], scanner: Scanner, progress: Progress) -> list[Found]:
    found = scanner.scan_many([document.content for document in documents])
    progress.dropped.update(scanner.last.dropped)
    return [
        Found(document, findings) for document, findings in zip(documents, found, strict=True) if findings
    ]
