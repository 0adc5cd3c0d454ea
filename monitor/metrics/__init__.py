"""Every metric of the service, each with one sentence that says what it counts; one module a stage. `python -m monitor.metrics`
prints the page docs/reference/metrics.md.

Base units (seconds, bytes), counters end in `_total`, labels are bounded: sources, rules, stages, notifiers and reasons come
from closed sets and are pre-initialised where they are known, so that a rate starts from 0.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, disable_created_metrics

from monitor.metrics.alerting import Alerting
from monitor.metrics.alive import Alive
from monitor.metrics.bus import Bus
from monitor.metrics.collecting import Collecting
from monitor.metrics.coverage import Coverage
from monitor.metrics.everywhere import Everywhere
from monitor.metrics.matching import Matching
from monitor.metrics.telling import Telling
from monitor.metrics.web import Web

# when each series began: a fourth of the page, and nobody asks for it (the library has no other switch)
disable_created_metrics()  # type: ignore[no-untyped-call]

# in the order of a document's way; each can stand alone on a registry
ROOMS: Final = (Collecting, Bus, Matching, Alerting, Telling, Alive, Coverage, Web, Everywhere)


class Metrics(Collecting, Bus, Matching, Alerting, Telling, Alive, Coverage, Web, Everywhere):
    """All metrics on one registry. The composition root makes one and hands it to the stages. Thread-safe."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry(auto_describe=True)
        for room in ROOMS:
            room.__init__(self, self.registry)
