from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collecting import START, Time
from monitor.budget import (
    Budget,
    Limited,
    Outcome,
    backoff,
    poll_interval,
    retry_after,
    server_time,
    token_ends,
)

SECONDARY = b'{"message":"You have exceeded a secondary rate limit. Please wait a few minutes"}'


def wait_of(budget: Budget) -> float:
    with pytest.raises(Limited) as caught:
        budget.reserve()
    return caught.value.retry_after


def test_slots_keep_the_interval() -> None:
    time = Time()
    budget = Budget(clock=time, interval=1.0)
    assert [budget.reserve() for _ in range(3)] == [0.0, 1.0, 2.0]
    time.now += 10
    assert budget.reserve() == 0.0


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("remaining", ["0", "4000"])
def test_retry_after_wins(status: int, remaining: str) -> None:
    budget = Budget(clock=Time())
    headers = {"Retry-After": "17", "x-ratelimit-remaining": remaining, "x-ratelimit-reset": str(START + 900)}
    assert budget.observe(status, headers, SECONDARY) is Outcome.LIMITED
    assert wait_of(budget) == 17.0


@pytest.mark.parametrize("status", [403, 429])
def test_an_exhausted_window_waits_for_its_reset(status: int) -> None:
    budget = Budget(clock=Time())
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(START + 900))}
    assert budget.observe(status, headers) is Outcome.LIMITED
    assert wait_of(budget) == 900.0


def test_the_reset_is_read_by_the_servers_clock() -> None:
    server = START - 5000  # our clock is far ahead
    headers = {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(server + 900)),
        "Date": formatdate(server, usegmt=True),
    }
    budget = Budget(clock=Time())
    budget.observe(429, headers)
    assert wait_of(budget) == pytest.approx(900.0)


@pytest.mark.parametrize("skew", [0.0, -5000.0])
def test_gitlabs_window_ends_at_an_epoch_second_of_the_servers_clock(skew: float) -> None:
    headers = {
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(int(START + skew + 42)),
        "Date": formatdate(START + skew, usegmt=True),
    }
    budget = Budget(clock=Time())
    assert budget.observe(200, headers) is Outcome.OK
    assert (budget.remaining, wait_of(budget)) == (0, pytest.approx(42.0))


def test_the_drafts_reset_is_a_span() -> None:
    budget = Budget(clock=Time())
    budget.observe(200, {"RateLimit-Remaining": "30", "RateLimit-Reset": "60"})
    assert budget.reset_at == START + 60
    assert budget.allowance(20) == 10


def test_a_429_of_gitlab_waits_as_told_else_for_its_window() -> None:
    told = {"Retry-After": "7", "RateLimit-Remaining": "0", "RateLimit-Reset": str(int(START + 30))}
    for headers, wait in ((told, 7.0), ({**told, "Retry-After": "x"}, 30.0), ({}, 60.0)):
        budget = Budget(clock=Time())
        assert budget.observe(429, headers, b"Retry later\n") is Outcome.LIMITED
        assert wait_of(budget) == wait


@pytest.mark.parametrize(
    ("body", "limited"),
    [(b"Forbidden\n", True), (b"", False), (b'{"message":"403 Forbidden"}', False)],
)
def test_a_bare_forbidden_is_a_banned_address_for_a_quarter_of_an_hour(body: bytes, limited: bool) -> None:
    budget = Budget(clock=Time())
    if limited:
        assert budget.observe(403, {}, body) is Outcome.LIMITED
        assert wait_of(budget) == 900.0
    else:
        assert budget.observe(403, {}, body) is Outcome.CLIENT_ERROR
        assert budget.reserve() == 0.0


def test_a_secondary_limit_without_a_hint_waits_a_minute_and_doubles_until_an_answer_comes() -> None:
    time = Time()
    budget = Budget(clock=time)
    waits = []
    for _ in range(3):
        assert budget.observe(403, {"x-ratelimit-remaining": "4000"}, SECONDARY) is Outcome.LIMITED
        waits.append(wait_of(budget))
        time.now += waits[-1]
    assert waits == [60.0, 120.0, 240.0]
    assert budget.observe(200, {}) is Outcome.OK
    budget.observe(429, {})
    assert wait_of(budget) == 60.0


def test_a_forbidden_thing_is_no_limit() -> None:
    budget = Budget(clock=Time())
    body = b'{"message":"Repository access blocked"}'
    assert budget.observe(403, {"x-ratelimit-remaining": "4000"}, body) is Outcome.CLIENT_ERROR
    assert budget.reserve() == 0.0


def test_a_good_answer_that_used_up_the_window_blocks_the_next_request() -> None:
    budget = Budget(clock=Time())
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(START + 30))}
    assert budget.observe(200, headers) is Outcome.OK
    assert wait_of(budget) == 30.0


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.OK),
        (304, Outcome.NOT_MODIFIED),
        (500, Outcome.SERVER_ERROR),
        (502, Outcome.SERVER_ERROR),
        (404, Outcome.CLIENT_ERROR),
        (422, Outcome.CLIENT_ERROR),
    ],
)
def test_plain_outcomes(status: int, outcome: Outcome) -> None:
    assert Budget(clock=Time()).observe(status, {}) is outcome


def test_a_503_with_retry_after_is_a_limit() -> None:
    budget = Budget(clock=Time())
    assert budget.observe(503, {"Retry-After": "5"}) is Outcome.LIMITED
    assert wait_of(budget) == 5.0


def test_no_server_sends_us_away_for_longer_than_a_day() -> None:
    budget = Budget(clock=Time())
    budget.observe(429, {"Retry-After": "999999999"})
    assert wait_of(budget) == 24 * 3600.0


def test_the_allowance_spends_a_window_evenly() -> None:
    budget = Budget(clock=Time())
    assert budget.allowance(60) is None
    budget.observe(200, {"x-ratelimit-remaining": "3000", "x-ratelimit-reset": str(int(START + 3600))})
    assert budget.allowance(60) == 50
    assert budget.allowance(7200) == 3000


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12", 12.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("soon", None),
        ("nan", None),
        (formatdate(START + 90, usegmt=True), 90.0),
    ],
)
def test_retry_after_in_both_forms(value: str, expected: float | None) -> None:
    assert retry_after({"Retry-After": value}, START) == expected


def test_poll_interval_falls_back_to_max_age() -> None:
    assert poll_interval({"X-Poll-Interval": "120", "Cache-Control": "max-age=60"}) == 120.0
    assert poll_interval({"Cache-Control": "private, max-age=300, s-maxage=60"}) == 300.0
    assert poll_interval({"X-Poll-Interval": "1e12"}) == 3600.0
    assert poll_interval({}) is None


def test_backoff_grows_to_its_cap() -> None:
    assert [backoff(n, 1.0, base=2.0, cap=30.0) for n in (0, 1, 3, 9, 10_000)] == [2.0, 4.0, 16.0, 30.0, 30.0]
    assert backoff(5, 0.0) == 0.0


@settings(max_examples=150)
@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(
            [
                "Retry-After",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
                "RateLimit-Remaining",
                "RateLimit-Reset",
                "Date",
                "Cache-Control",
            ]
        ),
        st.text(max_size=20) | st.integers().map(str) | st.floats().map(str),
    ),
    st.binary(max_size=50),
)
def test_no_header_upsets_the_budget(status: int, headers: dict[str, str], body: bytes) -> None:
    time = Time()
    budget = Budget(clock=time)
    budget.observe(status, headers, body)
    assert budget.blocked_until <= time.now + 24 * 3600
    poll_interval(headers)
    server_time(headers, time.now)


def test_the_size_of_the_window_is_known_beside_what_is_left_of_it() -> None:
    budget = Budget(clock=lambda: START)
    assert budget.limit is None
    budget.observe(200, {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999"})
    assert (budget.limit, budget.remaining) == (5000, 4999)
    budget.observe(304, {})
    assert budget.limit == 5000


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2030-01-02 03:04:05 UTC", 1893553445.0),
        ("2030-01-02 03:04:05 +0000", 1893553445.0),
        ("2030-01-02 03:04:05 -0500", 1893571445.0),
        ("", None),
        ("never", None),
        ("9999-99-99 00:00:00 UTC", None),
    ],
)
def test_when_a_token_ends(said: str, expected: float | None) -> None:
    assert token_ends({"GitHub-Authentication-Token-Expiration": said}) == expected
