"""The list of a paste site, or a feed, read as its settings say. Pure and slow for long ones: meant for a thread.

A list is foreign: fields may be missing, of another type, or hostile. What has no usable id is no item. Entries of feeds are what
feedparser makes of RSS and Atom; of their authors the name is kept, an address only apart from it.
"""

from __future__ import annotations

import calendar
import hashlib
import io
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final

import feedparser
import orjson
import re2
from selectolax.lexbor import LexborNode

from monitor.collectors.htmltext import to_text
from monitor.collectors.paste import markup
from monitor.collectors.paste.authors import name_and_address
from monitor.collectors.paste.charset import decode
from monitor.collectors.paste.site import SiteSettings, path_of
from monitor.collectors.shapes import instant, integer, text

_LONGEST: Final = 1024  # characters of an id or URL; a longer one is none
_LATEST: Final = 1e11  # epoch seconds beyond any date


class Unreadable(Exception):
    """The body is no such list. `reason` is bad_shape or too_complex."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as the list shows it. `text` is its own where it stands in the list, None where it must be fetched."""

    id: str
    version: str = ""
    url: str = ""
    title: str = ""
    author: str = ""
    author_email: str = ""
    published_at: float | None = None
    size: int | None = None
    text: str | None = None

    def digest(self, site: str) -> bytes:
        """16 bytes that name it, as it is now, for the seen set."""
        named = f"{site}\0{self.id}\0{self.version}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(named, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list shows, in its own order; `unusable` is what stood there and has no id."""

    entries: tuple[Entry, ...]
    unusable: int = 0


def read(settings: SiteSettings, body: bytes, content_type: str = "") -> Listing:
    """Raises Unreadable."""
    match settings.kind:
        case "json":
            return _collect(settings, [partial(_in_json, item) for item in _json_items(settings, body)])
        case "feed":
            return _collect(settings, [partial(_in_feed, entry) for entry in _feed_entries(body)])
    try:
        root = markup.parse(decode(body, content_type))
        nodes = markup.all_of(root, settings.items) if root is not None else []
    except markup.TooComplex:
        raise Unreadable("too_complex") from None
    if not body.strip():
        raise Unreadable("bad_shape")
    return _collect(settings, [partial(_in_html, node) for node in nodes])


def reach(value: object, path: tuple[str, ...]) -> Any:
    """What stands at a path of keys and list places; None where there is nothing."""
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and len(key) < 6 and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def moment(written: object, form: str) -> float | None:
    """A date as epoch seconds (UTC where it names no zone); None when it is none."""
    seconds: float | None = None
    try:
        match form:
            case "iso":
                seconds = instant(written)
            case "rfc822":
                seconds = parsedate_to_datetime(text(written)).timestamp()
            case "epoch" | "epoch_ms":
                number = float(written) if isinstance(written, str | int | float) else math.nan
                seconds = number / 1000 if form == "epoch_ms" else number
            case _:
                when = datetime.strptime(text(written), form)  # noqa: DTZ007 - what has no zone gets one below
                seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds if seconds is not None and 0 < seconds < _LATEST else None


def _json_items(settings: SiteSettings, body: bytes) -> list[Any]:
    try:
        found = reach(orjson.loads(body), path_of(settings.items))
    except ValueError:
        raise Unreadable("bad_shape") from None
    if not isinstance(found, list):
        raise Unreadable("bad_shape")
    return found


def _feed_entries(body: bytes) -> list[Any]:
    try:
        # a stream, since it would open a text as an address; no sanitizing, since a secret may stand in what it removes
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except Exception:  # noqa: BLE001 - it raises what it meets; whatever it is, this is no feed
        raise Unreadable("bad_shape") from None
    if not parsed.get("version") and not parsed.get("entries"):
        raise Unreadable("bad_shape")
    return list(parsed.entries)


# (the field's name, its selector in the settings) -> what stands there
_Reader = Callable[[str, str], Any]


def _in_json(item: object, _field: str, selector: str) -> Any:
    return reach(item, path_of(selector)) if selector else None


def _in_html(node: LexborNode, field: str, selector: str) -> str:
    if field == "text":
        return "\n".join(to_text(part.html or "") for part in markup.all_of(node, selector))
    return markup.value_of(node, selector)


_FEED_DEFAULTS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "id": (("id",), ("link",)),
    "url": (("link",),),
    "title": (("title",),),
    "author": (("author_detail", "name"),),
    "text": (("content", "0", "value"), ("summary",)),
}


def _in_feed(entry: Mapping[str, Any], field: str, selector: str) -> Any:
    if selector:
        return reach(entry, path_of(selector))
    return next(filter(None, (reach(entry, path) for path in _FEED_DEFAULTS.get(field, ()))), None)


def _collect(settings: SiteSettings, readers: list[_Reader]) -> Listing:
    pattern = re2.compile(settings.id_pattern) if settings.id_pattern else None
    entries: list[Entry] = []
    unusable = 0
    for reader in readers:
        name = text(reader("id", settings.id)).strip()
        if pattern is not None:
            found = pattern.search(name[:_LONGEST])
            if found is None:
                continue
            name = found[1] or ""
        if not name or len(name) > _LONGEST or not name.isprintable() or not name.strip("."):
            unusable += 1
            continue
        entries.append(_entry(settings, reader, name))
    return Listing(tuple(entries), unusable)


def _entry(settings: SiteSettings, reader: _Reader, name: str) -> Entry:
    inline = text(reader("text", settings.text)) if settings.item_kind == "inline" else None
    if inline and settings.kind != "html" and (settings.text_html or settings.kind == "feed"):
        inline = to_text(inline)
    url = text(reader("url", settings.url))
    is_feed = settings.kind == "feed"
    author, address = name_and_address(text(reader("author", settings.author)))
    return Entry(
        id=name,
        version=text(reader("version", settings.version)),
        url=url if len(url) <= _LONGEST else "",
        title=text(reader("title", settings.title)),
        author=author,
        author_email=address or (text(reader("", "author_detail.email")) if is_feed else ""),
        published_at=_published(settings, reader),
        size=integer(reader("size", settings.size)),
        text=inline,
    )


def _published(settings: SiteSettings, reader: _Reader) -> float | None:
    if settings.date:
        return moment(reader("date", settings.date), settings.date_format)
    if settings.kind == "feed":
        for field in ("published_parsed", "updated_parsed"):
            parsed = reader("", field)
            if isinstance(parsed, time.struct_time):
                seconds = float(calendar.timegm(parsed))
                return seconds if 0 < seconds < _LATEST else None
    return None
