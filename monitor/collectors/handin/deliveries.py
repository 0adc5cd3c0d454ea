"""Deliveries of webhooks made for your own subscriptions: whether each may have come to you. Pure.

Two forms are read. X's Account Activity envelopes: `for_user_id` and lists of events (direct messages with sender and recipient, typing and
read marks, follows, blocks, mutes, texts with their authors); times are texts of milliseconds. And a general one, an object or a list of
them: `subscription`, `id`, and of `sender_id`, `recipient_id` (or a list `recipient_ids`), `author_id` with `protected: true` those that there
are, `kind` (a word of `monitor.misdelivery.Kind`), `delivered_at` (epoch seconds or ISO 8601). An envelope that was kept is handed in
afterwards as `{"envelope": {…}, "delivered_at": …}`.

What is read is told as digests only: no text of a message leaves this module, no user's id. They are HMACs under a key of the webhook's own
(see `Digests`), so that ids, which are numbers that anybody can count through, cannot be found out from them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from monitor.collectors.shapes import instant, items, obj, text
from monitor.misdelivery import PEOPLE, Kind, Why, Wrong

MOST: Final = 1000  # events of one body
_LONGEST: Final = 128  # characters of an id
# the blanks and braces are in no token that a challenge signs: see `auth.challenge`
_PURPOSE: Final = b"leakstream {digests of deliveries}"
_DELETED: Final = "tweet_delete_events"  # tells no text, but whose subscription it was made for
_LISTS: Final[Mapping[str, Kind]] = {
    "direct_message_events": Kind.MESSAGE,
    "direct_message_indicate_typing_events": Kind.TYPING,
    "direct_message_mark_read_events": Kind.READ,
    "follow_events": Kind.FOLLOW,
    "block_events": Kind.BLOCK,
    "mute_events": Kind.MUTE,
    "tweet_create_events": Kind.TEXT,
    "favorite_events": Kind.TEXT,
    _DELETED: Kind.TEXT,
}
_QUOTED: Final = ("retweeted_status", "quoted_status", "favorited_status")
_NESTED: Final = 3


class Unreadable(Exception):
    """The sender's mistake, with a sentence that holds nothing of the body."""


class Digests:
    """16 bytes for whatever must not be told by name. A new secret makes new ones."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.new(secret, _PURPOSE, hashlib.sha256).digest()

    def of(self, *words: str) -> str:
        """32 hex."""
        told = b"".join(len(word.encode()).to_bytes(4, "big") + word.encode() for word in words)
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()[:32]

    def event(self, subscription: str, kind: str, identifier: str) -> str:
        """Of an event as it was delivered to a subscription: to another one it is another."""
        return self.of("event", subscription, kind, identifier)

    def person(self, identifier: str) -> str:
        return self.of("person", identifier)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was delivered. `parties`: the people it is between, or its text's author where that is `protected`."""

    subscription: str
    kind: Kind
    identifier: str
    at: float
    parties: tuple[str, ...] = ()
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """`wrong` is None for what may have come."""

    digest: str
    at: float
    wrong: Wrong | None


class Subscriptions:
    """Who may be in what is delivered. Immutable."""

    def __init__(self, allowed: Mapping[str, Iterable[str]], *, both: bool) -> None:
        """Subscription -> further users whose private data may come with it (its own user always may). `both`: all parties of a message must be
        among them, not only one.
        """
        self._allowed = {name: frozenset((name, *users)) for name, users in allowed.items()}
        self._both = both

    def judge(self, event: Event, digests: Digests) -> Judged:
        digest = digests.event(event.subscription, event.kind.value, event.identifier)
        why, people = self._wrong(event)
        if why is None:
            return Judged(digest, event.at, None)
        told = tuple(digests.person(each) for each in sorted(set(people))[:PEOPLE])
        return Judged(digest, event.at, Wrong(digest, event.kind, why, event.at, told))

    def _wrong(self, event: Event) -> tuple[Why | None, tuple[str, ...]]:
        allowed = self._allowed.get(event.subscription)
        if allowed is None:
            return Why.SUBSCRIPTION, (*((event.subscription,) if event.subscription else ()), *event.parties)
        strangers = tuple(each for each in event.parties if each not in allowed)
        if event.kind is Kind.TEXT:
            return (Why.PROTECTED, strangers) if event.protected and strangers else (None, ())
        if strangers and (self._both or len(strangers) == len(event.parties)):
            return Why.PARTY, strangers
        return None, ()


def read(payload: object, *, now: float) -> tuple[list[Event], int]:
    """The events of a body in either form, and how many of it could not be read. Raises Unreadable."""
    given = payload if isinstance(payload, list) else [payload]
    events: list[Event] = []
    unread = 0
    for each in given[: MOST + 1]:
        if not isinstance(each, dict):
            unread += 1
            continue
        at = _when(each, "delivered_at", now)
        if isinstance(each.get("envelope"), dict):
            found, missed = _of_envelope(each["envelope"], at)
        elif "subscription" in each:
            found, missed = _of_general(each, at)
        else:
            found, missed = _of_envelope(each, at)
        events += found
        unread += missed
        if len(events) > MOST:
            break
    if len(given) > MOST or len(events) > MOST:
        raise Unreadable(f"more than {MOST} events in one body")
    return events, unread


def _of_envelope(envelope: Mapping[str, Any], at: float) -> tuple[list[Event], int]:
    subscription = _id(envelope, "for_user_id")
    events: list[Event] = []
    unread = 0
    for name, kind in _LISTS.items():
        for given in items(envelope.get(name)):
            event = None
            if name == _DELETED and (identifier := _id(given, "status", "id")):
                event = Event(subscription, kind, f"deleted {identifier}", at)
            elif isinstance(given, dict):
                event = _of_list(given, kind, subscription, at)
            if event is None:
                unread += 1
            else:
                events.append(event)
    return events, unread


def _of_list(given: Mapping[str, Any], kind: Kind, subscription: str, at: float) -> Event | None:
    """One event of Account Activity; None where who it is about cannot be read."""
    if kind is Kind.TEXT:
        authors = list(_authors(given, _NESTED))
        hidden = tuple(dict.fromkeys(each for each, protected in authors if protected))
        identifier = _id(given, "id_str") or _id(given, "id")
        if not identifier or not authors:
            return None
        return Event(subscription, kind, identifier, at, hidden, protected=bool(hidden))
    if kind is Kind.MESSAGE:
        message = obj(given, "message_create")
        parties = (_id(message, "sender_id"), _id(message, "target", "recipient_id"))
        identifier = _id(given, "id")
    elif kind in (Kind.TYPING, Kind.READ):
        parties = (_id(given, "sender_id"), _id(given, "target", "recipient_id"))
        identifier = " ".join((*parties, _id(given, "created_timestamp"), _id(given, "last_read_event_id")))
    else:
        parties = (_id(given, "source", "id"), _id(given, "target", "id"))
        identifier = " ".join((*parties, _id(given, "type"), _id(given, "created_timestamp")))
    known = tuple(each for each in parties if each)
    return Event(subscription, kind, identifier, at, known) if identifier.strip() and known else None


def _authors(given: Mapping[str, Any], depth: int) -> Iterator[tuple[str, bool]]:
    """Whose texts stand in it, and whether each shows them to followers only."""
    user = obj(given, "user")
    if identifier := _id(user, "id_str") or _id(user, "id"):
        yield identifier, user.get("protected") is True
    for name in _QUOTED if depth else ():
        if inner := obj(given, name):
            yield from _authors(inner, depth - 1)


def _of_general(given: Mapping[str, Any], at: float) -> tuple[list[Event], int]:
    subscription, identifier = _id(given, "subscription"), _id(given, "id")
    author, protected = _id(given, "author_id"), given.get("protected") is True
    named = [
        _id(given, "sender_id"),
        _id(given, "recipient_id"),
        *map(_id, items(given.get("recipient_ids"))),
    ]
    parties = tuple(dict.fromkeys(each for each in named if each))
    try:
        kind = Kind(text(given, "kind") or (Kind.MESSAGE if parties else Kind.TEXT))
    except ValueError:
        return [], 1
    if kind is Kind.TEXT:
        parties = (author,) if author and protected else ()
    elif not parties:
        return [], 1
    if not identifier:
        return [], 1
    return [Event(subscription, kind, identifier, at, parties, protected=protected)], 0


def _id(given: object, *path: str) -> str:
    """A user's or thing's id as text; one that is too long is none."""
    found = text(given, *path)
    return found if len(found) <= _LONGEST and found.isprintable() else ""


def _when(given: Mapping[str, Any], name: str, now: float) -> float:
    """Epoch seconds, not after now; now where it says nothing that can be read."""
    value = given.get(name)
    at = (
        float(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else instant(given, name)
    )
    return at if at is not None and 0.0 < at <= now else now
