"""Wrong deliveries on their way from the source `ingest` to the matcher: digests, words out of closed sets, times. No text of a message, no
user id, nothing that a stranger wrote.

One document of MEDIA_TYPE carries them as a JSON object: `webhook` (its name in the configuration) and `events`. Digests are 32 hex, made
by the source under a key that comes of the webhook's secret (`monitor.collectors.handin.deliveries`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

import orjson

MEDIA_TYPE: Final = "application/vnd.leakstream.misdelivery+json"
SOURCE: Final = "ingest"  # the only source whose documents of that type are believed
FAMILY: Final = "misdelivery"
# begin the names of a webhook's feeds in the coverage ledger, and of the forge of their items; a stroke and the webhook's name follow
ALL: Final = "deliveries"
WRONG: Final = "misdeliveries"
MOST: Final = 1000  # events of one document
PEOPLE: Final = 64  # of one event
_DIGEST: Final = re.compile(r"[0-9a-f]{32}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class Kind(StrEnum):
    """What was delivered."""

    MESSAGE = "message"
    TYPING = "typing"
    READ = "read"
    FOLLOW = "follow"
    BLOCK = "block"
    MUTE = "mute"
    TEXT = "text"


class Why(StrEnum):
    """What is wrong about it, the first that holds."""

    SUBSCRIPTION = "foreign_subscription"  # made for a subscription that is none of ours
    PARTY = "foreign_party"  # between people none of whom the subscription may be about
    PROTECTED = "protected_author"  # the text of somebody who shows it to followers only


@dataclass(frozen=True, slots=True)
class Wrong:
    """One event that should not have come. `people`: digests of those whose data it is."""

    event: str
    kind: Kind
    why: Why
    at: float  # when it was delivered, epoch seconds
    people: tuple[str, ...]


def write(webhook: str, events: Sequence[Wrong]) -> bytes:
    """The content of the document; at most MOST events."""
    return orjson.dumps({"webhook": webhook, "events": [asdict(event) for event in events]})


def read(content: bytes) -> tuple[str, list[Wrong]]:
    """The reverse: webhook and events. Raises ValueError for what `write` cannot have made."""
    try:
        given = orjson.loads(content)
        webhook, events = given["webhook"], [_event(each) for each in given["events"]]
    except (TypeError, KeyError, orjson.JSONDecodeError) as error:
        raise ValueError("no wrong deliveries") from error
    if not isinstance(webhook, str) or not _NAME.fullmatch(webhook) or not 0 < len(events) <= MOST:
        raise ValueError("no wrong deliveries")
    return webhook, events


def _event(given: dict[str, object]) -> Wrong:
    people, at = given["people"], given["at"]
    if not isinstance(people, list) or len(people) > PEOPLE or not isinstance(at, int | float):
        raise TypeError
    digests = [given["event"], *people]
    if not all(isinstance(each, str) and _DIGEST.fullmatch(each) for each in digests):
        raise TypeError
    return Wrong(
        str(given["event"]), Kind(str(given["kind"])), Why(str(given["why"])), float(at), tuple(people)
    )
