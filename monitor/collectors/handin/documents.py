"""Bodies of POST /ingest/v1/documents to Documents. Pure.

One document: the body is the content as it lies, the rest stands in the query: `id`, `published_at` (epoch seconds or ISO 8601) and
any field of a provenance (`repository`, `path`, `url`, `commit`, `author` …). Many: `Content-Type: application/x-ndjson`, one object
a line with the same fields and `content` (text) or `content_base64`. A `traceparent` header names the trace of all of a body.

Anybody with a token can write any owner and repository. So a forge that the token's settings do not name becomes `ingest/<forge>`
(`ingest/<token>` without one): alerting then takes the place as claimed, never as proved.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import orjson

from monitor.collectors.shapes import instant
from monitor.contracts import HEARSAY, Document, Provenance
from monitor.identity import blob_sha
from monitor.misdelivery import MEDIA_TYPE

MANY: Final = "application/x-ndjson"
MOST: Final = 1000  # documents in one body
_PLACES: Final = frozenset(f.name for f in fields(Provenance))
_OTHERS: Final = frozenset({"id", "published_at", "media_type"})
_CONTENT: Final = frozenset({"content", "content_base64"})
_LONGEST_ID: Final = 512
_TRACE: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who handed it in, and when. `forges` are those that the sender is trusted to speak for, lower case."""

    source: str  # the source's name
    name: str  # the token's
    now: float
    forges: frozenset[str] = frozenset()


class Unacceptable(Exception):
    """The sender's mistake, with a sentence that names it and holds nothing of the content."""


def trace_of(header: str) -> str:
    """The trace id of a W3C `traceparent`, "" of anything else: 32 hex and nothing that a sender could write into it."""
    found = _TRACE.fullmatch(header)
    return found[1] if found else ""


def read_one(body: bytes, query: Mapping[str, str], media_type: str, by: Sender) -> Document:
    """Raises Unacceptable."""
    return document(body, dict(query), media_type, by)


def read_many(body: bytes, by: Sender) -> list[Document]:
    """All or nothing. Raises Unacceptable with the number of the wrong line."""
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    if len(lines) > MOST:
        raise Unacceptable(f"at most {MOST} documents in one body")
    documents = []
    for number, line in lines:
        try:
            documents.append(_read_line(line, by))
        except Unacceptable as error:
            raise Unacceptable(f"line {number}: {error}") from None
    return documents


def _read_line(line: bytes, by: Sender) -> Document:
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise Unacceptable("not JSON") from None
    return read_object(given, by)


def read_object(given: object, by: Sender) -> Document:
    """One object of NDJSON. Raises Unacceptable."""
    if not isinstance(given, dict):
        raise Unacceptable("not an object")
    content = _content(given)
    rest = {key: value for key, value in given.items() if key not in _CONTENT}
    if isinstance(rest.get("published_at"), int | float):
        rest["published_at"] = repr(float(rest["published_at"]))
    for key, value in rest.items():
        if not isinstance(value, str):
            raise Unacceptable(f"{_named(key)}: a text is expected")
    return document(content, rest, rest.pop("media_type", ""), by)


def _content(given: Mapping[str, object]) -> bytes:
    text, encoded = given.get("content"), given.get("content_base64")
    if isinstance(text, str) and encoded is None:
        return text.encode("utf-8", "surrogatepass")
    if isinstance(encoded, str) and text is None:
        try:
            return base64.b64decode(encoded, validate=True)
        except ValueError:  # also of what is not ASCII
            raise Unacceptable("content_base64 is not base64") from None
    raise Unacceptable("give either content or content_base64, a text")


def document(content: bytes, given: Mapping[str, str], media_type: str, by: Sender) -> Document:
    """`given` are id, published_at and fields of a provenance. Raises Unacceptable."""
    if not content:
        raise Unacceptable("no content")
    unknown = sorted(set(given) - _PLACES - _OTHERS)
    if unknown:
        raise Unacceptable(
            f"unknown field {_named(unknown[0])}; known are {', '.join(sorted(_PLACES | _OTHERS))}"
        )
    if media_type == MEDIA_TYPE:  # the matcher believes it
        raise Unacceptable("media_type: documents of this one are made here, not handed in")
    sha = blob_sha(content)
    identifier = given.get("id") or sha
    if len(identifier) > _LONGEST_ID:
        raise Unacceptable(f"id has more than {_LONGEST_ID} characters")
    where = {key: value for key, value in given.items() if key in _PLACES}
    forge = where.get("forge") or by.name
    where["forge"] = forge if forge.lower() in by.forges else HEARSAY + forge
    return Document(
        source=by.source,
        id=f"{by.name}:{identifier}",
        content=content,
        fetched_at=by.now,
        published_at=_published(given.get("published_at", "")),
        blob_sha=sha,
        media_type=media_type,
        provenance=Provenance(**where),
    )


def _published(text: str) -> float | None:
    if not text:
        return None
    try:
        seconds: float | None = float(text)
    except ValueError:
        seconds = instant(text)
    if seconds is None or not 0 <= seconds < 1e11:  # NaN is not in it either
        raise Unacceptable("published_at: epoch seconds or an ISO 8601 time is expected")
    return seconds


def _named(key: str) -> str:
    return repr(key[:40])
