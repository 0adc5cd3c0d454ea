"""Made-up deliveries in X's and in the general form, signed as X signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson

SECRET = "a-consumer-secret-of-the-tests"
OURS, CUSTOMER, STRANGER, OTHER = "1001", "2002", "3003", "4004"
SUBSCRIPTIONS: dict[str, list[str]] = {OURS: []}
HOOK = {"name": "bot", "consumer_secret": SECRET, "subscriptions": SUBSCRIPTIONS}
TEXT = "what nobody else was to read"


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "x_twitter_webhooks_signature": "sha256=" + base64.b64encode(digest).decode(),
        "Content_Type": "application/json",
    }


def envelope(subscription: str = OURS, **lists: list[dict[str, Any]]) -> dict[str, Any]:
    return {"for_user_id": subscription, **lists}


def message(number: int = 1, *, sender: str = CUSTOMER, recipient: str = OURS) -> dict[str, Any]:
    return {
        "type": "message_create",
        "id": str(900_000 + number),
        "created_timestamp": "1780000000000",
        "message_create": {
            "target": {"recipient_id": recipient},
            "sender_id": sender,
            "message_data": {"text": TEXT, "entities": {"urls": []}},
        },
    }


def messages(*sent: dict[str, Any], subscription: str = OURS) -> dict[str, Any]:
    users = {
        id_: {"id": id_, "name": f"name of {id_}", "protected": False} for id_ in (OURS, CUSTOMER, STRANGER)
    }
    return {**envelope(subscription, direct_message_events=list(sent)), "apps": {}, "users": users}


def tweet(author: str, *, protected: bool, number: int = 1, **more: Any) -> dict[str, Any]:
    user = {"id_str": author, "protected": protected, "screen_name": "s"}
    return {"id_str": str(700_000 + number), "text": TEXT, "user": user, **more}


def body(value: object) -> bytes:
    return orjson.dumps(value)
