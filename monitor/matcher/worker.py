"""The scanning process: reads jobs on standard input, answers on standard output. Started by `monitor.matcher.pool`.

It is the only process that parses foreign content. It opens no socket, writes no file but the database cache, dumps no core, has a
limit on its memory and ends with its parent. What leaves it is redacted.

The first frame is its setup: one JSON object with `keys` (hex, current first), `memory_bytes`, `cache_dir`, `rules` (further rule
files). The answer to it is an empty frame, sent when the database is loaded.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Protocol

import orjson

from detectors import Finding, Scanner, diffs, load_rules
from detectors.stats import ScanStats
from monitor import hardening
from monitor.contracts import Document, InvalidRecord
from monitor.identity import KeyRing
from monitor.matcher import frames
from monitor.matcher.events import EventMaker
from monitor.matcher.redact import Finds, Redactor

DIFF: Final = "text/x-diff"  # the media type of a unified diff


class DocumentScanner(Finds, Protocol):
    """The part of `detectors.Scanner` that this process needs; a test puts a hostile one in its place."""

    last: ScanStats

    def scan_many(self, datas: Sequence[bytes]) -> Sequence[Sequence[Finding]]: ...


def serve(
    source: BinaryIO, sink: BinaryIO, make_scanner: Callable[[dict[str, Any]], DocumentScanner]
) -> None:
    """Answer jobs until `source` ends. Raises FrameError when the parent breaks the protocol."""
    setup = orjson.loads(_read(source) or b"{}")
    scanner = make_scanner(setup)
    maker = EventMaker(KeyRing.of(*(bytes.fromhex(key) for key in setup["keys"])), Redactor(scanner))
    hardening.limit_memory(int(setup["memory_bytes"]))
    _write(sink, struct.pack("<I", 0))
    while frame := _read(source):
        items = frames.read_job(frame)
        started = time.perf_counter()
        documents, refused = _judged(items)
        found = _scanned(scanner, documents)
        dropped = scanner.last.dropped  # before redaction scans again
        events: list[tuple[int, bytes, bytes]] = []
        rules: Counter[str] = Counter()
        waits: list[float] = []  # seconds from fetch to match, of documents with findings
        for (number, metadata, content), findings in zip(documents, found, strict=True):
            if not findings:
                continue
            document, now = Document.of(metadata, content), time.time()
            waits.append(max(0.0, now - document.fetched_at))
            for event in maker.events(document, findings, now=now):
                message = event.message()
                events.append((number, message.key, message.value))
                rules[event.rule] += 1
        stats = {
            "seconds": time.perf_counter() - started,
            "bytes": sum(len(document.content) for document in documents),
            "rules": rules,
            "waits": waits,
            "dropped": dropped,
        }
        _write(sink, frames.answer(frames.Answer(events, stats, refused)))


class _Judged(NamedTuple):
    """A document whose metadata fits the contract, and its number in the job."""

    number: int
    metadata: Mapping[str, Any]
    content: bytes


def _judged(items: Sequence[frames.JobItem]) -> tuple[list[_Judged], list[tuple[int, str]]]:
    """The documents, and (number, reason) of those that break the contract."""
    documents: list[_Judged] = []
    refused: list[tuple[int, str]] = []
    for number, (meta, content) in enumerate(items):
        try:
            documents.append(_Judged(number, Document.metadata(meta), content))
        except InvalidRecord as error:
            refused.append((number, error.reason))
    return documents, refused


def _scanned(scanner: DocumentScanner, documents: Sequence[_Judged]) -> list[Sequence[Finding]]:
    """The findings of each document, from one call. A diff is scanned as the texts on its two sides."""
    read = {
        at: diffs.sides(content, continued=metadata.get("offset", 0) > 0)
        for at, (_, metadata, content) in enumerate(documents)
        if metadata.get("media_type") == DIFF
    }
    texts: list[bytes] = []
    for at, document in enumerate(documents):
        texts += [side.text for side in read[at]] if at in read else [document.content]
    found = iter(scanner.scan_many(texts))
    return [
        diffs.findings_of(read[at], [next(found) for _ in read[at]]) if at in read else next(found)
        for at in range(len(documents))
    ]


def _read(source: BinaryIO) -> bytes:
    """The next frame; empty at the end of the stream."""
    prefix = source.read(4)
    if len(prefix) < 4:
        return b""
    size = frames.length(prefix)
    frame = source.read(size)
    if len(frame) < size:
        return b""
    return frame


def _write(sink: BinaryIO, data: bytes) -> None:
    sink.write(data)
    sink.flush()


def make_scanner(setup: dict[str, Any]) -> DocumentScanner:
    """The real scanner with the rules that `setup` names."""
    rules = load_rules(extra=[Path(path) for path in setup.get("rules", ())])
    cache = setup.get("cache_dir")
    return Scanner(rules, cache_dir=Path(cache) if cache else None)


def main(scanner: Callable[[dict[str, Any]], DocumentScanner] = make_scanner) -> None:
    hardening.no_core_dumps()
    hardening.die_with_parent(signal.SIGKILL)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is the parent's to handle; it ends this process by closing the pipe
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints by accident must not break the protocol
    try:
        serve(sys.stdin.buffer, sink, scanner)
    except MemoryError:
        os._exit(frames.MEMORY_EXIT)  # at once: there is no memory left to unwind with


if __name__ == "__main__":
    main()
