from __future__ import annotations

from typing import Any

import orjson
import pytest

from collecting import START, Time
from monitor.budget import Limited, Outcome
from monitor.collectors.stackexchange.api import QuotaBudget

DAY = 86_400.0


def error(number: int, name: str = "", message: str = "") -> bytes:
    return orjson.dumps({"error_id": number, "error_name": name, "error_message": message})


def budget(*, with_key: bool = False) -> tuple[QuotaBudget, Time]:
    time = Time()
    return QuotaBudget(clock=time, with_key=with_key), time


def test_a_throttle_violation_blocks_for_the_seconds_it_names() -> None:
    quota, time = budget()
    message = "too many requests from this IP, more requests available in 46472 seconds"
    assert quota.observe(400, {}, error(502, "throttle_violation", message)) is Outcome.LIMITED
    with pytest.raises(Limited) as told:
        quota.reserve()
    assert told.value.retry_after == 46472
    time.now += 46472
    assert quota.reserve() == 0


def test_without_seconds_the_pause_grows() -> None:
    quota, time = budget()
    waits = []
    for _ in range(4):
        assert (
            quota.observe(400, {}, error(502, "throttle_violation", "Violation of backoff parameter"))
            is Outcome.LIMITED
        )
        waits.append(quota.blocked_until - time.now)
        time.now = quota.blocked_until
    assert waits == [60, 120, 240, 480]


@pytest.mark.parametrize(
    ("number", "outcome", "told"),
    [
        (400, Outcome.CLIENT_ERROR, "bad_parameter"),
        (403, Outcome.CLIENT_ERROR, "access_denied"),
        (405, Outcome.CLIENT_ERROR, "key_required"),
        (500, Outcome.SERVER_ERROR, "refused"),
        (503, Outcome.SERVER_ERROR, "refused"),
        (499, Outcome.CLIENT_ERROR, "refused"),
    ],
)
def test_the_number_of_an_error_is_not_its_status(number: int, outcome: Outcome, told: str) -> None:
    quota, _ = budget()
    assert quota.observe(400, {}, error(number)) is outcome
    assert quota.error == told


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b"null", b'{"error_id":[]}', b'{"error_id":"502"}x', b"[" * 5000]
)
def test_an_error_without_a_shape_is_a_refusal(body: bytes) -> None:
    quota, _ = budget()
    assert quota.observe(400, {}, body) is Outcome.CLIENT_ERROR


def test_other_statuses_are_read_as_ever() -> None:
    quota, time = budget()
    assert quota.observe(200, {}, b"{}") is Outcome.OK
    assert quota.observe(502, {}, b"<html>") is Outcome.SERVER_ERROR
    assert quota.observe(429, {"Retry-After": "30"}, b"") is Outcome.LIMITED
    assert quota.blocked_until == time.now + 30


def test_the_quota_is_spread_over_the_rest_of_the_utc_day() -> None:
    quota, time = budget()
    assert quota.pace == DAY / 300
    assert budget(with_key=True)[0].pace == DAY / 10_000
    left = DAY - START % DAY
    quota.told({"quota_max": 300, "quota_remaining": 100}, {})
    assert (quota.remaining, quota.reset_at) == (100, START + left)
    assert quota.pace == pytest.approx(left / 95)  # a twentieth is left to others at our address
    time.now += left + 1
    assert quota.pace == DAY / 300


def test_a_used_up_quota_is_waited_out_before_the_server_says_no() -> None:
    quota, time = budget()
    quota.told({"quota_remaining": 0}, {})
    assert quota.blocked_until == time.now + (DAY - START % DAY)


@pytest.mark.parametrize("value", [None, "x", [], 1.5, True])
def test_a_strange_quota_says_nothing(value: Any) -> None:
    quota, _ = budget()
    quota.told({"quota_remaining": value}, {})
    assert quota.remaining is None


def test_the_day_is_that_of_the_server() -> None:
    quota, time = budget()
    quota.told({"quota_remaining": 10}, {"Date": "Thu, 28 May 2026 23:59:00 GMT"})
    assert quota.reset_at == time.now + 60
