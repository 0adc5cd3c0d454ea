import base64
import hashlib
import hmac

import orjson
import pytest

from alerting_samples import NOON
from monitor.alerting.notifiers.base import Change, Topic
from monitor.alerting.notifiers.webhook import PLUGIN, sign, signing_keys
from notifier_samples import SECRET, announcement, notification, receiver, tools


def signed_by(key, headers, body):
    """The check that the specification tells a receiver to make, written apart from our signing."""
    content = headers["webhook-id"].encode() + b"." + headers["webhook-timestamp"].encode() + b"." + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return any(
        version == "v1" and hmac.compare_digest(value, expected)
        for version, value in (part.split(",", 1) for part in headers["webhook-signature"].split(" "))
    )


async def send(tmp_path, *, secret=SECRET, **other):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        await PLUGIN.build(PLUGIN.settings(url=url, secret=secret), tool).notify(notification(**other))
        return answer.requests[0]


async def test_a_receiver_can_check_the_signature(tmp_path):
    headers, body = await send(tmp_path)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert signed_by(key, headers, body)
    assert not signed_by(key, headers, body + b" ")
    assert not signed_by(key, {**headers, "webhook-id": "other"}, body)
    assert not signed_by(key[::-1], headers, body)


def test_the_example_of_the_specification():
    # github.com/standard-webhooks/standard-webhooks, spec: the test vector of its libraries
    (key,) = signing_keys("whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert sign([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


async def test_headers_and_body(tmp_path):
    headers, body = await send(tmp_path, change=Change.ESCALATED, console="https://leaks.acme.example/")
    assert headers["webhook-id"] == headers["Idempotency-Key"] == "k" * 32
    assert headers["webhook-timestamp"] == str(int(NOON))
    assert headers["Content-Type"] == "application/json"
    message = orjson.loads(body)
    assert message["type"] == "exposure.escalated"
    assert message["timestamp"].startswith("2023-11-15T12:00:00")
    data = message["data"]
    assert (data["key"], data["change"], data["exercise"]) == ("k" * 32, "escalated", False)
    assert data["exposure"]["url"].startswith("https://leaks.acme.example/exposures/")
    assert data["exposure"]["places"][0]["repository"] == "acme/code"


async def test_a_drill_says_so(tmp_path):
    _, body = await send(tmp_path, mode="exercise")
    assert orjson.loads(body)["data"]["exercise"] is True


async def test_two_keys_while_rotating(tmp_path):
    other = "whsec_" + base64.b64encode(b"another synthetic key of 24+").decode()
    headers, body = await send(tmp_path, secret=f"{SECRET} {other}")
    for secret in (SECRET, other):
        assert signed_by(base64.b64decode(secret.removeprefix("whsec_")), headers, body)


async def test_foreign_text_is_escaped(tmp_path):
    _, body = await send(tmp_path, path="a\u202eb\x1b[31m")
    assert "\u202e" not in body.decode()
    assert orjson.loads(body)["data"]["exposure"]["where"]["path"] == "a\\u202eb\\x1b[31m"


@pytest.mark.parametrize(
    "secret", ["plain", "whsec_", "whsec_!!!", "whsec_\u00e4\u00f6", "whsec_c2hvcnQ=", "whsec_" + "A" * 100]
)
def test_a_wrong_secret_is_refused_without_quoting_it(secret):
    with pytest.raises(ValueError, match="24 to 64 bytes") as caught:
        signing_keys(secret)
    assert secret == "whsec_" or secret not in str(caught.value)


async def test_it_is_told_that_another_notifier_is_away(tmp_path):
    async with receiver() as (url, answer), tools(tmp_path) as tool:
        hook = PLUGIN.build(PLUGIN.settings(url=url, secret=SECRET), tool)
        await hook.announce(announcement(Topic.UNREACHED, headline="slack\u202e cannot be reached"))
    headers, body = answer.requests[0]
    assert signed_by(base64.b64decode(SECRET.removeprefix("whsec_")), headers, body)
    message = orjson.loads(body)
    assert message["type"] == "notifier.unreached"
    assert headers["webhook-id"] == message["data"]["key"] == "s" * 32
    assert message["data"]["headline"] == "slack\\u202e cannot be reached"
