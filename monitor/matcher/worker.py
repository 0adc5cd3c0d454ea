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
from typing import Any, BinaryIO, Final, Protocol

import orjson

from detectors import Finding, Scanner, diffs, load_rules
from detectors.stats import ScanStats
from monitor import hardening
from monitor.bus.base import Record
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
        differences = _differences(items)
        found = _scanned(scanner, items, differences)
        dropped = scanner.last.dropped  # before redaction scans again
        events: list[tuple[int, bytes, bytes]] = []
        rules: Counter[str] = Counter()
        waits: list[float] = []  # seconds from fetch to match, of documents with findings
        for index, (item, findings) in enumerate(zip(items, found, strict=True)):
            if not findings:
                continue
            document, now = differences.get(index) or _document(item), time.time()
            waits.append(max(0.0, now - document.fetched_at))
            for event in maker.events(document, findings, now=now):
                message = event.message()
                events.append((index, message.key, message.value))
                rules[event.rule] += 1
        stats = {
            "seconds": time.perf_counter() - started,
            "bytes": sum(len(item.content) for item in items),
            "rules": rules,
            "waits": waits,
            "dropped": dropped,
        }
        _write(sink, frames.answer(frames.Answer(events, stats)))


def _differences(items: Sequence[frames.JobItem]) -> dict[int, Document]:
    """Those whose content is a unified diff, by their number."""
    maybe = {i: _document(item) for i, item in enumerate(items) if DIFF.encode() in item.meta}
    return {i: document for i, document in maybe.items() if document.media_type == DIFF}


def _scanned(
    scanner: DocumentScanner, items: Sequence[frames.JobItem], differences: Mapping[int, Document]
) -> list[Sequence[Finding]]:
    """The findings of each document, from one call. A diff is scanned as the texts on its two sides."""
    read = {i: diffs.sides(diff.content, continued=diff.offset > 0) for i, diff in differences.items()}
    texts: list[bytes] = []
    for i, item in enumerate(items):
        texts += [side.text for side in read[i]] if i in read else [item.content]
    found = iter(scanner.scan_many(texts))
    return [
        diffs.findings_of(read[i], [next(found) for _ in read[i]]) if i in read else next(found)
        for i in range(len(items))
    ]


def _document(item: frames.JobItem) -> Document:
    """The parent has read this metadata once already, so it fits the contract."""
    headers = {"v": Document.VERSION.encode(), "m": item.meta}
    try:
        return Document.read(Record(Document.TOPIC, 0, 0, b"", item.content, headers, 0.0))
    except InvalidRecord as error:
        raise frames.FrameError(error.reason) from error


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
