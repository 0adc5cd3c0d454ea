"""What a delivery is counted as."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.alerting.telling.measuring import Measuring
from monitor.metrics import Metrics
from monitor.metrics.objectives import DELIVERY_SECONDS
from monitor.store.model import Leased

NOW = 10_000.0


def row(**other: Any) -> Leased:
    values: dict[str, Any] = {
        "id": 1,
        "key": "k",
        "notifier": "hook",
        "exposure_id": "e",
        "opening": 1,
        "change": "opened",
        "action": "page",
        "created_at": NOW - 1,
        "fetched_at": NOW - 3,
        "incident": "",
        "message": "",
        "reason": "",
        "attempts": 1,
        "fence": 1,
        "lease_until": NOW + 30,
        "published_at": NOW - 60,
        "trace_id": "00aa",
    }
    return Leased(**(values | other))


class Made:
    def __init__(self) -> None:
        self.metrics = Metrics()
        self.measuring = Measuring(self.metrics, ["hook"])

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)

    def deliveries(self) -> dict[str, float | None]:
        return {
            word: self.value("leakstream_deliveries_total", notifier="hook", outcome=word)
            for word in ("in_time", "late", "failed")
        }


def test_every_outcome_begins_at_zero() -> None:
    assert Made().deliveries() == {"in_time": 0, "late": 0, "failed": 0}


def test_the_first_notifiers_answer_is_the_time_to_page_with_its_document() -> None:
    made = Made()
    made.measuring.delivered(row(), first=True, now=NOW)
    made.measuring.delivered(row(), first=False, now=NOW)
    assert made.value("leakstream_publish_to_notify_seconds_count") == 1
    assert made.value("leakstream_publish_to_notify_seconds_sum") == 60
    assert made.value("leakstream_fetch_to_notify_seconds_count") == 2
    assert made.deliveries() == {"in_time": 2, "late": 0, "failed": 0}
    exemplars = [
        sample.exemplar.labels
        for family in made.metrics.registry.collect()
        for sample in family.samples
        if sample.name == "leakstream_publish_to_notify_seconds_bucket" and sample.exemplar
    ]
    assert exemplars == [{"trace_id": "00aa"}]


def test_what_waited_on_purpose_is_in_time_and_no_latency() -> None:
    made = Made()
    made.measuring.delivered(row(reason="silenced", created_at=NOW - 5000), first=True, now=NOW)
    assert made.deliveries()["in_time"] == 1
    assert made.value("leakstream_publish_to_notify_seconds_count") == 0
    assert made.value("leakstream_fetch_to_notify_seconds_count") == 0


@pytest.mark.parametrize(("seconds", "word"), [(DELIVERY_SECONDS, "in_time"), (DELIVERY_SECONDS + 1, "late")])
def test_late_is_behind_the_objective(seconds: float, word: str) -> None:
    made = Made()
    made.measuring.delivered(row(created_at=NOW - seconds), first=False, now=NOW)
    assert made.deliveries()[word] == 1


def test_what_no_try_can_deliver_has_failed() -> None:
    made = Made()
    made.measuring.failed(row(), "refused")
    assert made.deliveries() == {"in_time": 0, "late": 0, "failed": 1}
