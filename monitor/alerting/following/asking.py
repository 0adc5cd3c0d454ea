"""What a collector is asked about a place, and which place an answer is about."""

from __future__ import annotations

from typing import Any, Final

import orjson

from monitor.contracts import HEARSAY
from monitor.store.model import Standing

SOURCE: Final = "recheck"  # the collectors' source that serves these requests
KIND: Final = "recheck"
_LONGEST: Final = 1024  # characters that a collector keeps of a target
_NAMES: Final = ("forge", "repository", "commit", "ref", "path", "url")
_MASK: Final = "***"  # the matcher hid something there: what is left is no address
_ID: Final = 32


def target_of(standing: Standing) -> str:
    """Compact JSON: `place` (its id), `blob`, and what the place has of forge, repository, commit, ref, path, url. "" for a place
    that carries no address: a local file, one that only the sender of the document vouches for, one with a masked or endless name.
    """
    names = {name: str(standing.place.get(name, "")) for name in _NAMES}
    if names["forge"].startswith(HEARSAY) or any(_MASK in text for text in names.values()):
        return ""
    if not names["url"].startswith(("https://", "http://")) and not (names["repository"] and names["commit"]):
        return ""
    told = {"place": standing.place_id, "blob": standing.blob_sha, **names}
    target = orjson.dumps({name: text for name, text in told.items() if text}).decode()
    return target if len(target) <= _LONGEST else ""


def place_of(target: str) -> str:
    """The place id in a target, "" when it is no target of ours."""
    try:
        told: Any = orjson.loads(target)
        place = told["place"]
        return place if len(place) == _ID and bytes.fromhex(place).hex() == place else ""
    except (TypeError, ValueError, KeyError):
        return ""
