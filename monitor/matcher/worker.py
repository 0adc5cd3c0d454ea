"""The scanning process: reads jobs on standard input, answers on standard output. Started by `monitor.matcher.pool`.

It is the only process that parses foreign content. It opens no socket, writes no file but the database cache, dumps no core, has a
limit on its memory and ends with its parent. What leaves it is redacted.

The first frame is its setup: one JSON object with `keys` (hex, current first), `memory_bytes`, `cache_dir`, `rules` (further rule
files), `own` (files of own secrets), `evidence` (`monitor.scanning`). The answer to it is an empty frame, sent when the database is loaded.
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

from detectors import Finding, Scanner, diffs, files, load_rules
from detectors.costs import Cost
from detectors.stats import ScanStats
from monitor import hardening
from monitor.contracts import Document, FindingEvent, InvalidRecord
from monitor.identity import KeyRing
from monitor.matcher import frames, misdelivery
from monitor.matcher.account import Account
from monitor.matcher.events import EventMaker
from monitor.matcher.ownsecrets import OwnSecrets
from monitor.matcher.redact import Finds, Redactor
from monitor.matcher.sealing import EvidenceMaker

DIFF: Final = "text/x-diff"  # the media type of a unified diff


class DocumentScanner(Finds, Protocol):
    """The part of `detectors.Scanner` that this process needs; a test puts a hostile one in its place."""

    last: ScanStats

    def scan_many(self, datas: Sequence[bytes]) -> Sequence[Sequence[Finding]]: ...

    def scan_spans(
        self, buffer: bytes, starts: Sequence[int], ends: Sequence[int]
    ) -> Mapping[int, Sequence[Finding]]: ...

    def costs(self) -> Mapping[str, Cost]: ...


MakeScanner = Callable[[dict[str, Any], OwnSecrets | None], DocumentScanner]


def no_evidence(_: dict[str, Any]) -> None:
    """Nothing is sealed."""


def serve(
    source: BinaryIO,
    sink: BinaryIO,
    make_scanner: MakeScanner,
    make_evidence: Callable[[dict[str, Any]], EvidenceMaker | None] = no_evidence,
) -> None:
    """Answer jobs until `source` ends. Raises FrameError when the parent breaks the protocol."""
    setup = orjson.loads(_read(source) or b"{}")
    keys = KeyRing.of(*(bytes.fromhex(key) for key in setup["keys"]))
    own = own_secrets(setup, keys)
    scanner, evidence = make_scanner(setup, own), make_evidence(setup)
    maker = EventMaker(keys, Redactor(scanner), evidence, own)
    account = Account(scanner, time.monotonic)
    hardening.limit_memory(int(setup["memory_bytes"]))
    _write(sink, struct.pack("<I", 0))
    while about := _read(source):
        contents = _read(source)
        if not contents:  # the parent ended in between
            return
        job = frames.read_job(about, contents)
        started = time.perf_counter()
        documents, refused = _judged(job)
        sources = Counter(metadata["source"] for metadata in documents.values())
        known = [number for number, metadata in documents.items() if metadata.get("known")]
        met = [maker.sighting(Document.of(documents.pop(number), b"")).message() for number in known]
        told = _wrong_deliveries(job, documents, refused, keys)
        found, dropped = _scanned(scanner, job, documents)
        for number in sorted(found):
            document, now = Document.of(documents[number], job.content(number)), time.time()
            told += [(number, event) for event in maker.events(document, found[number], now=now)]
        if evidence is not None:
            dropped += evidence.dropped
            evidence.dropped.clear()
        stats = {
            "seconds": time.perf_counter() - started,
            "bytes": sum(job.ends[number] - job.starts[number] for number in documents),
            "rules": Counter(event.rule for _, event in told),
            "sources": sources,
            "found": _found(told),
            "dropped": dropped,
            **account.due(),
        }
        messages = [(number, event.message()) for number, event in told]
        events = [(number, message.key, message.value) for number, message in messages]
        sightings = [(number, m.key, m.value) for number, m in zip(known, met, strict=True)]
        _write(sink, frames.answer(frames.Answer(events, stats, refused, sightings)))


def _found(told: Sequence[tuple[int, FindingEvent]]) -> list[dict[str, Any]]:
    """Of each document with findings what a log line says: never where it stands, which is nobody's business until it is ours."""
    found: dict[int, dict[str, Any]] = {}
    for number, event in told:
        known = found.get(number)
        if known is None:
            found[number] = known = {
                "trace_id": event.trace_id,
                "source": event.source,
                "mode": event.mode,
                "seconds": max(0.0, event.matched_at - event.fetched_at),
                "rules": Counter(),
            }
        known["rules"][event.rule] += 1
    return list(found.values())


def _judged(job: frames.Job) -> tuple[dict[int, Mapping[str, Any]], list[tuple[int, str]]]:
    """The metadata of each document by its number, and (number, reason) of those that break the contract."""
    documents: dict[int, Mapping[str, Any]] = {}
    refused: list[tuple[int, str]] = []
    for number, meta in enumerate(job.metas):
        try:
            documents[number] = Document.metadata(meta)
        except InvalidRecord as error:
            refused.append((number, error.reason))
    return documents, refused


def _wrong_deliveries(
    job: frames.Job,
    documents: dict[int, Mapping[str, Any]],
    refused: list[tuple[int, str]],
    keys: KeyRing,
) -> list[tuple[int, FindingEvent]]:
    """Taken out of `documents`: they are no text to be scanned."""
    told: list[tuple[int, FindingEvent]] = []
    for number in [n for n, metadata in documents.items() if misdelivery.is_wrong_delivery(metadata)]:
        document = Document.of(documents.pop(number), job.content(number))
        try:
            told += [(number, event) for event in misdelivery.events(document, keys, now=time.time())]
        except InvalidRecord as error:
            refused.append((number, error.reason))
    return told


def _scanned(
    scanner: DocumentScanner, job: frames.Job, documents: Mapping[int, Mapping[str, Any]]
) -> tuple[dict[int, Sequence[Finding]], Counter[str]]:
    """The findings of each document that has some, and what was dropped. All are scanned in one call, but for the diffs: such a
    document is scanned as the texts on its two sides.
    """
    differences = {n for n, metadata in documents.items() if metadata.get("media_type") == DIFF}
    plain = [n for n in documents if n not in differences]
    spans = scanner.scan_spans(job.contents, [job.starts[n] for n in plain], [job.ends[n] for n in plain])
    found: dict[int, Sequence[Finding]] = {plain[index]: findings for index, findings in spans.items()}
    dropped = Counter(scanner.last.dropped)
    for n in differences:
        sides = diffs.sides(job.content(n), continued=documents[n].get("offset", 0) > 0)
        if findings := diffs.findings_of(sides, scanner.scan_many([side.text for side in sides])):
            found[n] = findings
        dropped += scanner.last.dropped
    return found, dropped


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


def make_scanner(setup: dict[str, Any], own: OwnSecrets | None) -> DocumentScanner:
    """The real scanner with the rules that `setup` names, and beside them what no rule knows."""
    rules = load_rules(extra=[Path(path) for path in setup.get("rules", ())])
    return Scanner(rules, cache_dir=_cache(setup), beside=own)


def own_secrets(setup: dict[str, Any], keys: KeyRing) -> OwnSecrets | None:
    """Out of the files that `setup` names; None if it names none. Raises OwnFileError."""
    paths = [Path(path) for path in setup.get("own", ())]
    return OwnSecrets.open(paths, keys, _cache(setup)) if paths else None


def _cache(setup: dict[str, Any]) -> Path:
    cache = setup.get("cache_dir")
    return Path(cache) if cache else files.default_cache()


def main(
    scanner: MakeScanner = make_scanner,
    evidence: Callable[[dict[str, Any]], EvidenceMaker | None] = no_evidence,
) -> None:
    hardening.no_core_dumps()
    hardening.die_with_parent(signal.SIGKILL)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is the parent's to handle; it ends this process by closing the pipe
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints by accident must not break the protocol
    try:
        serve(sys.stdin.buffer, sink, scanner, evidence)
    except MemoryError:
        os._exit(frames.MEMORY_EXIT)  # at once: there is no memory left to unwind with
