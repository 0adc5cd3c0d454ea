"""POST and GET /ingest/deliveries: only what is signed counts, each event once, right or wrong in the ledger, nothing in plain."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import Counter
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from pydantic import ValidationError

from browsing import ask
from collecting import MemoryProducer, MemoryState
from delivering import (
    CUSTOMER,
    HOOK,
    OTHER,
    OURS,
    SECRET,
    STRANGER,
    TEXT,
    body,
    envelope,
    message,
    messages,
    signed,
    tweet,
)
from ingesting import NOW, Ingesting, ingesting
from monitor.collectors.handin.auth import DeliverySettings
from monitor.coverage.items import unpack
from monitor.misdelivery import MEDIA_TYPE, Kind, Why, read

WRONG = message(7, sender=STRANGER, recipient=OTHER)


async def deliver(net: Ingesting, value: object, secret: str = SECRET) -> int:
    text = body(value)
    return (await net.post("/deliveries/bot", text, **signed(text, secret))).status


async def test_what_is_signed_is_taken_and_only_what_is_wrong_goes_to_the_matcher() -> None:
    async with ingesting(deliveries=[HOOK]) as net:
        assert await deliver(net, messages(message(1))) == 200
        assert net.producer.documents == []
        assert await deliver(net, messages(message(2), WRONG)) == 200
        assert await deliver(net, envelope(tweet_create_events=[tweet(STRANGER, protected=True)])) == 200
        first, second = net.producer.documents
        assert {(d.media_type, d.source, d.fetched_at) for d in (first, second)} == {
            (MEDIA_TYPE, "ingest", NOW)
        }
        name, (event,) = read(first.content)
        assert (name, event.kind, event.why, event.at, len(event.people)) == (
            "bot",
            Kind.MESSAGE,
            Why.PARTY,
            NOW,
            2,
        )
        assert read(second.content)[1][0].why is Why.PROTECTED
    told = repr(net.producer.messages)
    assert not any(each in told for each in (TEXT, CUSTOMER, STRANGER, OTHER, OURS, SECRET, "900007"))


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/deliveries/bot", {}, 401),
        ("/deliveries/bot", {"x_twitter_webhooks_signature": "sha256="}, 401),
        ("/deliveries/bot", {"x_twitter_webhooks_signature": "sha256=é"}, 401),
        ("/deliveries/bot", signed(body({}), "another-secret-of-the-tests"), 401),
        ("/deliveries/bot", {**signed(body({})), "Content_Type": "text/plain"}, 415),
        ("/deliveries/other", signed(body({})), 404),
    ],
)
async def test_what_is_not_signed_counts_nothing(path: str, headers: dict[str, str], status: int) -> None:
    async with ingesting(deliveries=[HOOK]) as net:
        assert (await net.post(path, body({}), **headers)).status == status
        broken = b"{"
        assert (await net.post("/deliveries/bot", broken, **signed(broken))).status == 422
    assert net.producer.messages == []


async def test_the_challenge_is_answered_and_signs_nothing_that_could_be_a_delivery() -> None:
    async with ingesting(deliveries=[HOOK]) as net:
        url = f"{net.address}/ingest/deliveries/bot?crc_token="
        answer = await ask("GET", url + "bXl0b2tlbg-_.=")
        digest = hmac.new(SECRET.encode(), b"bXl0b2tlbg-_.=", hashlib.sha256).digest()
        assert (answer.status, answer.json) == (
            200,
            {"response_token": "sha256=" + base64.b64encode(digest).decode()},
        )
        for token in ("", body(messages(WRONG)).decode(), "{}", "[]", "a b", "é", "x" * 257):
            assert (await ask("GET", url + quote(token))).status == 400
        assert (await ask("GET", f"{net.address}/ingest/deliveries/other?crc_token=x")).status == 404


async def test_the_same_delivery_twice_counts_once_over_a_restart() -> None:
    state, producer = MemoryState(), MemoryProducer()
    for _ in range(2):
        async with ingesting(producer, state=state, deliveries=[HOOK]) as net:
            assert await deliver(net, messages(message(1), WRONG)) == 200
            assert await deliver(net, messages(WRONG, message(1))) == 200
    assert len(producer.documents) == 1
    told = [(event.feed, event.listed) for event in producer.coverage]
    assert sorted(told) == [("deliveries/bot", 2), ("misdeliveries/bot", 1)]
    assert net.dropped("delivery_known") == 4


async def test_the_ledger_is_told_once_a_minute_and_a_kill_loses_nothing() -> None:
    state, producer = MemoryState(), MemoryProducer()
    async with ingesting(producer, state=state, deliveries=[HOOK]) as net:
        await deliver(net, messages(message(1), WRONG))
        net.now[0] += 30
        await deliver(net, messages(message(2)))
        assert producer.coverage == []
        net.now[0] += 31
        await deliver(net, messages(message(3)))
        every, wrong = producer.coverage
        assert (every.feed, every.listed, wrong.feed, wrong.listed) == (
            "deliveries/bot",
            3,
            "misdeliveries/bot",
            1,
        )
        assert (every.since, round(every.until - NOW)) == (NOW, 30)
        kept = dict(state.cursors)  # as it is when the process is killed now
    assert len(producer.coverage) == 3
    state.cursors = kept
    again = MemoryProducer()
    async with ingesting(again, state=state, deliveries=[HOOK]):
        pass
    # told again as it was: one span, which the ledger knows
    assert again.coverage == producer.coverage[2:]
    assert sum(len(list(unpack(e.items))) for e in producer.coverage if e.feed == "deliveries/bot") == 3 + 1


async def test_entries_of_one_moment_differ() -> None:
    async with ingesting(deliveries=[HOOK]) as net:
        for begin in range(0, 1200, 300):
            await deliver(net, messages(*(message(begin + n) for n in range(300))))
    spans = Counter((event.since, event.until) for event in net.producer.coverage)
    assert set(spans.values()) == {1}
    assert sum(event.listed for event in net.producer.coverage) == 1200


async def test_the_general_form_is_signed_as_standard_webhooks_are() -> None:
    key = b"k" * 32
    secret = "whsec_" + base64.b64encode(key).decode()
    hook = {"name": "bot", "signing_secret": secret, "subscriptions": {OURS: [CUSTOMER]}, "parties": "all"}
    text = body(
        [{"subscription": OURS, "id": str(n), "sender_id": STRANGER, "recipient_id": OURS} for n in range(3)]
    )
    stamp = str(int(NOW))
    signature = base64.b64encode(
        hmac.new(key, f"d1.{stamp}.".encode() + text, hashlib.sha256).digest()
    ).decode()
    headers = {"webhook_id": "d1", "webhook_timestamp": stamp, "Content_Type": "application/json"}
    async with ingesting(deliveries=[hook]) as net:
        answer = await net.post("/deliveries/bot", text, webhook_signature=f"v1,{signature}", **headers)
        assert (answer.status, answer.json["accepted"]) == (200, 3)
        assert (await net.post("/deliveries/bot", text, webhook_signature="v1,AAAA", **headers)).status == 401
        assert (await ask("GET", f"{net.address}/ingest/deliveries/bot?crc_token=x")).status == 400
        (document,) = net.producer.documents
    assert len(read(document.content)[1]) == 3


async def test_what_cannot_be_read_is_counted_and_the_rest_is_judged() -> None:
    broken: list[Any] = [None, {"id": "1"}, {"id": "2", "message_create": {"sender_id": [1]}}, WRONG]
    async with ingesting(deliveries=[HOOK]) as net:
        assert await deliver(net, envelope(direct_message_events=broken)) == 200
        assert net.dropped("delivery_unread") == 3
        assert len(net.producer.documents) == 1
        assert await deliver(net, messages(*(message(n) for n in range(1001)))) == 413


async def test_nobody_hands_in_such_a_document_by_another_way() -> None:
    token = "an-ingest-token-of-the-tests"
    async with ingesting(tokens=[{"name": "ci", "token": token}], deliveries=[HOOK]) as net:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await net.post("/v1/documents", b"{}", Content_Type=MEDIA_TYPE, **headers)
        assert answer.status == 422
        line = orjson.dumps({"content": "{}", "media_type": MEDIA_TYPE})
        answer = await net.post("/v1/documents", line, Content_Type="application/x-ndjson", **headers)
        assert answer.status == 422
    assert net.producer.documents == []


def test_settings_need_one_secret_and_the_map() -> None:
    for wrong in (
        {"name": "bot", "consumer_secret": SECRET},
        {**HOOK, "signing_secret": "whsec_"},
        {**HOOK, "parties": "none"},
        {**HOOK, "name": "Bot/1"},
    ):
        with pytest.raises(ValidationError):
            DeliverySettings.model_validate(wrong)


async def test_a_burst_of_thousands_is_a_handful_of_documents() -> None:
    async with ingesting(deliveries=[HOOK]) as net:
        for begin in range(0, 5000, 1000):
            burst = [message(begin + n, sender=STRANGER, recipient=OTHER) for n in range(1000)]
            assert await deliver(net, messages(*burst)) == 200
    assert sum(len(read(d.content)[1]) for d in net.producer.documents) == 5000
    assert len(net.producer.documents) == 5
