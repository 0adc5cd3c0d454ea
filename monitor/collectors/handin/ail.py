"""Items that AIL's feeders send: `{source, data, data-sha256, meta, timestamp …}`, `data` being base64 of gzip. Pure.

Names are written with `-` by some feeders and with `_` by others; both are taken. What feeders put into `meta` differs: its id, URL, title,
author and path are used where they are texts. The digest is that of the text before it was compressed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from monitor.collectors.handin.documents import Sender, Unacceptable, document
from monitor.collectors.paste.authors import name_and_address
from monitor.collectors.paste.charset import decode
from monitor.collectors.shapes import obj, text
from monitor.contracts import Document
from monitor.inflate import BadEncoding, Inflater, Truncated

_GROWTH: Final = 8  # a text may be this much longer than the body that brought it, and
_MOST: Final = 64 * 1024 * 1024  # never longer than this
_PLAIN: Final = frozenset({"", "utf-8", "utf8", "ascii", "us-ascii"})
# a field of a place -> the keys of `meta` that may hold it, the best first
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "url": ("url", "link", "source_url"),
    "title": ("title", "subject"),
    "author": ("author", "user", "username"),
    "path": ("path", "filename", "file_name"),
    "repository": ("repository", "repo"),
}


class TooLarge(Unacceptable):
    """The text is longer than is read."""


def read(body: bytes, by: Sender, *, max_bytes: int) -> Document:
    """`max_bytes` is what a body may have. Raises Unacceptable, TooLarge."""
    try:
        item = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Unacceptable("not JSON") from None
    if not isinstance(item, dict):
        raise Unacceptable("not an object")
    item = {key.replace("_", "-"): value for key, value in item.items()}
    content = _content(item, min(_MOST, max_bytes * _GROWTH))
    encoding = (text(item, "default-encoding") or text(item, "encoding")).lower()
    if encoding not in _PLAIN:
        content = decode(content, f"charset={encoding}").encode("utf-8", "replace")
    meta = obj(item, "meta")
    given = {field: found for field, keys in _PLACES.items() if (found := _first(meta, keys))}
    given["author"], given["author_email"] = name_and_address(given.get("author", ""))
    given["forge"] = text(item, "source")
    given["id"] = _first(meta, ("id",)) or text(item, "source-uuid") or text(item, "uuid")
    when = text(item, "timestamp") or _first(meta, ("timestamp", "date"))
    try:
        return document(content, given | {"published_at": when}, "", by)
    except Unacceptable:
        # a time of the feeder's own form is no reason to lose the item
        return document(content, {**given, "id": given["id"][:512]}, "", by)


def _content(item: Mapping[str, Any], limit: int) -> bytes:
    data = item.get("data")
    if not isinstance(data, str) or not data:
        raise Unacceptable("data: base64 of gzip is expected")
    try:
        packed = base64.b64decode(data, validate=True)
    except ValueError:  # also of what is not ASCII
        raise Unacceptable("data is not base64") from None
    pieces: list[bytes] = []
    size = 0
    inflater = Inflater("gzip")
    try:
        for piece in inflater.feed(packed):
            size += len(piece)
            if size > limit:
                raise TooLarge(f"data has more than {limit} bytes when it is unpacked")
            pieces.append(piece)
        inflater.finish()
    except (BadEncoding, Truncated):
        raise Unacceptable("data is not a whole gzip file") from None
    content = b"".join(pieces)
    told = text(item, "data-sha256").lower()
    if told and not hmac.compare_digest(told.encode(), hashlib.sha256(content).hexdigest().encode()):
        raise Unacceptable("data-sha256 is not that of the data")
    return content


def _first(meta: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((found for key in keys if (found := text(meta, key))), "")
