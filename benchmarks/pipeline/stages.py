"""The three stages on one bus, one after another, each measured alone."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from benchmarks.pipeline.case import Case, opened
from benchmarks.pipeline.draining import drain
from benchmarks.pipeline.steady import steady
from benchmarks.pipeline.usage import asked, figures
from monitor.bus.base import Message, TopicPartition
from monitor.contracts import DOCUMENTS, FINDINGS, FindingEvent

LEAK_EVERY: Final = 500
_FINDINGS: Final = 4000  # what the alert stage is measured with
_PATTERNS: Final = 50  # real findings that these are made of


def measure(
    bootstrap: str, size: int, count: int, matchers: int, *, say: Callable[[str], None]
) -> dict[str, Any]:
    """Of `count` documents of `size` bytes. The alert stage is measured beside one matcher only. Blocks for a minute or two."""
    case = Case.fresh(bootstrap)
    result: dict[str, Any] = {
        "bus": "kafka" if bootstrap else "embedded",
        "bytes": size,
        "matchers": matchers,
        "documents": count,
    }
    say(f"{result['bus']}, {count} documents of {size} bytes, matchers: {matchers}")
    result["collect"] = asked("benchmarks.pipeline.feeding", case.config, count, size, LEAK_EVERY)
    say(f"    collect {result['collect']['per_cpu_s']} a CPU second")
    bare = [_bare(case, size, say)] if bootstrap else []
    matched = drain(case, "match", DOCUMENTS, count, copies=matchers)
    result["match"] = figures(steady(matched.looks), size)
    say(f"    match {result['match']['per_cpu_s']} a CPU second")
    peaks = dict(matched.peaks)
    if bootstrap:
        result["bare"] = [*bare, _bare(case, size, say)]
    if matchers == 1:
        found = asyncio.run(_more_findings(case.config))
        result["findings_per_document"] = 1 / LEAK_EVERY
        alerted = drain(case, "alert", FINDINGS, found)
        result["alert"] = figures(steady(alerted.looks), 0)
        say(f"    alert {result['alert']['per_cpu_s']} findings a CPU second")
        peaks |= alerted.peaks
    result["peak_mb"] = {name: round(peak / 1e6, 1) for name, peak in sorted(peaks.items())}
    asyncio.run(case.discard())
    return result


def _bare(case: Case, size: int, say: Callable[[str], None]) -> dict[str, Any]:
    told = asked("benchmarks.pipeline.bare", case.bootstrap, case.prefix + DOCUMENTS, size)
    say(f"    bare consumer {told['per_cpu_s']} a CPU second")
    return told


async def _more_findings(config: Path) -> int:
    """Put findings of further leaks beside those that the matcher made; returns how many there are now."""
    async with opened(config) as bus:
        ends = await bus.end_offsets([FINDINGS])
        real: list[FindingEvent] = []
        for number in range(len(ends)):
            records = await bus.read(TopicPartition(FINDINGS, number), 0, _PATTERNS)
            real += [FindingEvent.read(record) for record in records]
        producer = bus.producer()
        made = (_another(real[number % len(real)], number) for number in range(_FINDINGS))
        while chunk := list(islice(made, 250)):
            await producer.send(chunk)
        return sum((await bus.end_offsets([FINDINGS])).values())


def _another(event: FindingEvent, number: int) -> Message:
    """The same of another secret at another place."""
    mark = hashlib.sha256(b"%d" % number).hexdigest()
    return replace(
        event,
        leak=dict.fromkeys(event.leak, mark),
        place_id=mark[:32],
        document_id=f"{event.document_id}-{number}",
    ).message()
