"""Documents on their way through a fleet, looked at every few seconds from outside: /metrics for counts, /proc for CPU."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.bars.figures import trend
from benchmarks.bars.fleet import Fleet, cpu_seconds, samples

_COLLECTED: Final = 'leakstream_documents_total{source="ingest"}'
_MATCHED: Final = 'leakstream_bus_records_total{group="match",topic="documents.v1"}'
_FOUND: Final = "leakstream_findings_total{"
_ALERTED: Final = 'leakstream_bus_records_total{group="alert",topic="findings.v1"}'
_WARM_SECONDS: Final = 15.0  # left out of lag and costs: connections are made, code is read


@dataclass(frozen=True, slots=True)
class Totals:
    """What the stages have counted so far, all processes together."""

    collected: int
    matched: int
    found: int
    alerted: int
    scanned_bytes: int
    dropped: Mapping[str, float]  # by stage and reason
    lost: Mapping[str, float]  # by group and topic


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `lag`: records that the stage before has sent and this one has not read; `cpu`: seconds used so far."""

    at: float
    documents: int
    lag: Mapping[str, int]
    cpu: Mapping[str, float]


@dataclass(slots=True)
class Flow:
    """`look` blocks for some milliseconds."""

    fleet: Fleet
    brokers_cpu: Callable[[], float]
    looks: list[Look] = field(default_factory=list)

    def look(self) -> Look:
        now = counted(self.fleet)
        cpu = {name: cpu_seconds(member.process.pid) for name, member in self.fleet.members.items()}
        # asked one after another: what was read meanwhile may make it a few less than none
        lag = {"match": now.collected - now.matched, "alert": now.found - now.alerted}
        look = Look(time.monotonic(), now.matched, lag, cpu | {"brokers": self.brokers_cpu()})
        self.looks.append(look)
        return look

    def _warm(self) -> list[Look]:
        begin = self.looks[0].at + _WARM_SECONDS
        return [look for look in self.looks if look.at >= begin] or self.looks

    def lags(self) -> dict[str, dict[str, float]]:
        """Of each group, in records: median, 95th percentile, most; `growth` by the trend over the time looked at."""
        looks = self._warm()
        seconds = looks[-1].at - looks[0].at
        found = {}
        for group in looks[0].lag:
            values = [look.lag[group] for look in looks]
            found[group] = {
                "median": statistics.median(values),
                "p95": round(statistics.quantiles(values, n=20, method="inclusive")[-1]),
                "max": max(values),
                "growth": round(trend([look.at for look in looks], values) * seconds, 1),
            }
        return found

    def costs(self) -> dict[str, Any]:
        """CPU of each process: microseconds a document, and share of one core."""
        looks = self._warm()
        first, last = looks[0], looks[-1]
        documents, seconds = last.documents - first.documents, last.at - first.at
        spent = {name: last.cpu[name] - first.cpu[name] for name in last.cpu}
        return {
            "cpu_us_a_document": {name: round(cpu / documents * 1e6, 1) for name, cpu in spent.items()},
            "cpu_of_one_core": {name: round(cpu / seconds, 3) for name, cpu in spent.items()},
        }


def counted(fleet: Fleet) -> Totals:
    """Of the processes that answer."""
    sums: Counter[str] = Counter()
    for member in fleet.members.values():
        for series, value in samples(member.metrics_port).items():
            sums[series] += value  # type: ignore[assignment]  # whole numbers, as floats
    return Totals(
        collected=int(sums[_COLLECTED]),
        matched=int(sums[_MATCHED]),
        found=int(sum(value for series, value in sums.items() if series.startswith(_FOUND))),
        alerted=int(sums[_ALERTED]),
        scanned_bytes=int(sums["leakstream_scanned_bytes_total"]),
        dropped=_by_labels(sums, "leakstream_dropped_total{"),
        lost=_by_labels(sums, "leakstream_bus_lost_records_total{"),
    )


def _by_labels(sums: Mapping[str, float], start: str) -> dict[str, float]:
    return {
        series.removeprefix(start).rstrip("}"): value
        for series, value in sorted(sums.items())
        if series.startswith(start) and value
    }
