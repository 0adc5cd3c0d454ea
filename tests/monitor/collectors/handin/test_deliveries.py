"""Whether a delivery may have come: both forms, every kind, and shapes that nobody promised."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivering import CUSTOMER, OTHER, OURS, STRANGER, TEXT, envelope, message, messages, tweet
from monitor.collectors.handin.deliveries import MOST, Digests, Event, Subscriptions, Unreadable, read
from monitor.misdelivery import PEOPLE, Kind, Why

NOW = 1_780_000_000.0
DIGESTS = Digests(b"secret of a webhook")
ONE = Subscriptions({OURS: ["1002"]}, both=False)
BOTH = Subscriptions({OURS: [CUSTOMER]}, both=True)


def judged(payload: object, who: Subscriptions = ONE) -> list[tuple[Kind, Why, int] | None]:
    """Of each event: None where it may have come, else kind, why and how many people."""
    events, unread = read(payload, now=NOW)
    assert not unread
    wrong = [who.judge(event, DIGESTS).wrong for event in events]
    return [None if each is None else (each.kind, each.why, len(each.people)) for each in wrong]


def pair(name: str, source: str, target: str) -> dict[str, Any]:
    return {
        "type": name,
        "created_timestamp": "1780000000000",
        "source": {"id": source},
        "target": {"id": target},
    }


def mark(sender: str, recipient: str, **more: str) -> dict[str, Any]:
    return {"created_timestamp": "1", "sender_id": sender, "target": {"recipient_id": recipient}, **more}


RIGHT: list[dict[str, Any]] = [
    messages(message()),
    messages(message(sender=OURS, recipient=CUSTOMER)),
    messages(message(sender="1002", recipient=STRANGER)),
    envelope(direct_message_indicate_typing_events=[mark(CUSTOMER, OURS)]),
    envelope(direct_message_mark_read_events=[mark(CUSTOMER, OURS, last_read_event_id="5")]),
    envelope(follow_events=[pair("follow", STRANGER, OURS)]),
    envelope(tweet_create_events=[tweet(STRANGER, protected=False)]),
    envelope(tweet_create_events=[tweet(OURS, protected=True)]),
    envelope(tweet_delete_events=[{"status": {"id": "1", "user_id": OURS}, "timestamp_ms": "1"}]),
    envelope(
        favorite_events=[
            {"id": "f", "user": {"id_str": OURS}, "favorited_status": tweet(STRANGER, protected=False)}
        ]
    ),
    {"user_event": {"revoke": {"date_time": "x"}}},
    {"subscription": OURS, "id": "1", "sender_id": STRANGER, "recipient_ids": [OTHER, OURS]},
    {"subscription": OURS, "id": "1", "author_id": STRANGER},
]
WRONG: list[tuple[dict[str, Any], tuple[Kind, Why, int]]] = [
    (messages(message(), subscription=STRANGER), (Kind.MESSAGE, Why.SUBSCRIPTION, 3)),
    (messages(message(sender=STRANGER, recipient=OTHER)), (Kind.MESSAGE, Why.PARTY, 2)),
    ({"direct_message_events": [message()]}, (Kind.MESSAGE, Why.SUBSCRIPTION, 2)),
    (envelope(direct_message_indicate_typing_events=[mark(STRANGER, OTHER)]), (Kind.TYPING, Why.PARTY, 2)),
    (envelope(direct_message_mark_read_events=[mark(STRANGER, OTHER)]), (Kind.READ, Why.PARTY, 2)),
    (envelope(follow_events=[pair("follow", STRANGER, OTHER)]), (Kind.FOLLOW, Why.PARTY, 2)),
    (envelope(block_events=[pair("block", STRANGER, OTHER)]), (Kind.BLOCK, Why.PARTY, 2)),
    (envelope(mute_events=[pair("mute", STRANGER, OTHER)]), (Kind.MUTE, Why.PARTY, 2)),
    (envelope(tweet_create_events=[tweet(STRANGER, protected=True)]), (Kind.TEXT, Why.PROTECTED, 1)),
    (
        envelope(
            tweet_create_events=[tweet(OURS, protected=False, quoted_status=tweet(STRANGER, protected=True))]
        ),
        (Kind.TEXT, Why.PROTECTED, 1),
    ),
    (
        envelope(STRANGER, tweet_create_events=[tweet(OURS, protected=False)]),
        (Kind.TEXT, Why.SUBSCRIPTION, 1),
    ),
    (envelope(STRANGER, tweet_delete_events=[{"status": {"id": "1"}}]), (Kind.TEXT, Why.SUBSCRIPTION, 1)),
    (
        {"subscription": OURS, "id": "1", "sender_id": STRANGER, "recipient_id": OTHER},
        (Kind.MESSAGE, Why.PARTY, 2),
    ),
    (
        {"subscription": OURS, "id": "1", "author_id": STRANGER, "protected": True},
        (Kind.TEXT, Why.PROTECTED, 1),
    ),
    ({"subscription": OTHER, "id": 1, "author_id": STRANGER}, (Kind.TEXT, Why.SUBSCRIPTION, 1)),
    ({"envelope": messages(message(), subscription=STRANGER)}, (Kind.MESSAGE, Why.SUBSCRIPTION, 3)),
]


@pytest.mark.parametrize("payload", RIGHT)
def test_what_may_come_is_right(payload: dict[str, Any]) -> None:
    assert set(judged(payload)) <= {None}


@pytest.mark.parametrize(("payload", "why"), WRONG)
def test_what_should_not_have_come_is_wrong_and_counts_people(
    payload: dict[str, Any], why: tuple[Kind, Why, int]
) -> None:
    assert judged(payload) == [why]


def test_with_all_parties_wanted_one_stranger_is_too_many() -> None:
    assert judged(messages(message()), BOTH) == [None]
    assert judged(messages(message(sender=STRANGER)), BOTH) == [(Kind.MESSAGE, Why.PARTY, 1)]


def test_many_in_one_body_are_read_together_and_too_many_are_refused() -> None:
    bodies = [messages(message(1), message(2, sender=STRANGER, recipient=OTHER)), *RIGHT[3:5]]
    assert [each is None for each in judged(bodies)] == [True, False, True, True]
    with pytest.raises(Unreadable):
        read(messages(*(message(n) for n in range(MOST + 1))), now=NOW)
    with pytest.raises(Unreadable):
        read([messages(message(n)) for n in range(MOST + 1)], now=NOW)


def test_a_kept_delivery_has_the_time_at_which_it_came() -> None:
    for told, at in (
        ("2018-09-10T00:00:00Z", 1_536_537_600.0),
        (1_500_000_000, 1_500_000_000.0),
        ("soon", NOW),
        (NOW + 9, NOW),
    ):
        (event,), _ = read({"envelope": messages(message()), "delivered_at": told}, now=NOW)
        assert event.at == at


def test_an_event_is_another_one_for_another_subscription_and_of_another_kind() -> None:
    base = Event(OURS, Kind.MESSAGE, "1", NOW)
    others = [
        Event(OTHER, Kind.MESSAGE, "1", NOW),
        Event(OURS, Kind.READ, "1", NOW),
        Event(OURS, Kind.MESSAGE, "2", NOW),
    ]
    digests = {
        ONE.judge(event, DIGESTS).digest for event in [base, Event(OURS, Kind.MESSAGE, "1", NOW + 5), *others]
    }
    assert len(digests) == 4
    assert DIGESTS.of("a", "bc") != DIGESTS.of("ab", "c")
    assert Digests(b"another secret").person(OURS) != DIGESTS.person(OURS)
    # and is no signature over the id, nor the plain hash of it
    plain = {
        hmac.new(b"secret of a webhook", OURS.encode(), hashlib.sha256).hexdigest(),
        hashlib.sha256(OURS.encode()).hexdigest(),
    }
    assert not any(each.startswith(DIGESTS.person(OURS)) for each in plain)


_IDS = st.one_of(
    st.sampled_from([OURS, STRANGER, OTHER, "", "x" * 200, "\x00", "ü"]),
    st.integers(),
    st.none(),
    st.booleans(),
)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8), _IDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                [
                    "for_user_id",
                    "direct_message_events",
                    "message_create",
                    "target",
                    "recipient_id",
                    "sender_id",
                    "id",
                    "id_str",
                    "user",
                    "protected",
                    "source",
                    "follow_events",
                    "tweet_create_events",
                    "quoted_status",
                    "envelope",
                    "subscription",
                    "author_id",
                    "recipient_ids",
                    "kind",
                    "delivered_at",
                    "status",
                    "tweet_delete_events",
                    "direct_message_mark_read_events",
                    "created_timestamp",
                ]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=25,
)


@given(_JSON)
def test_no_shape_stops_it_and_only_digests_and_words_come_out(payload: object) -> None:
    events, unread = read(payload, now=NOW)
    assert unread >= 0
    for event in events:
        found = ONE.judge(event, DIGESTS)
        assert len(found.digest) == 32
        assert 0 < found.at <= NOW
        if found.wrong is not None:
            assert len(found.wrong.people) <= PEOPLE
            assert all(len(each) == 32 for each in found.wrong.people)
        if event.subscription != OURS:
            assert found.wrong is not None


def test_no_message_and_no_id_is_told() -> None:
    events, _ = read(messages(message(sender=STRANGER, recipient=OTHER)), now=NOW)
    told = repr([ONE.judge(event, DIGESTS) for event in events])
    assert not any(each in told for each in (TEXT, STRANGER, OTHER, OURS, CUSTOMER))
