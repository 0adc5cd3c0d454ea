"""One item of a paste site: where its text is fetched, and what of the answer is its text. Pure.

A template is filled with the item's id, percent-encoded; what is fetched stands on the list's host or one that the settings name,
whatever the list says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import quote

import orjson
from yarl import URL

from monitor.collectors.htmltext import to_text
from monitor.collectors.paste import markup
from monitor.collectors.paste.charset import decode
from monitor.collectors.paste.listing import Entry, reach
from monitor.collectors.paste.site import SiteSettings, path_of
from monitor.collectors.shapes import text

_ERROR_BYTES: Final = 1024  # no error text is longer
_MOST_FILES: Final = 1000


class Verdict(StrEnum):
    """What became of an answer. All but CONTENT are reasons of skipped items."""

    CONTENT = "content"
    EMPTY = "empty"
    ERROR = "error_text"
    NOT_READY = "not_ready"
    BAD_SHAPE = "bad_item"
    TOO_COMPLEX = "too_complex"


AGAIN: Final = frozenset({Verdict.EMPTY, Verdict.NOT_READY})  # may be content later


@dataclass(frozen=True, slots=True)
class Text:
    """One text of an item; `name` is its file's, "" where it has none."""

    content: bytes = field(repr=False)
    name: str = ""


def origin(settings: SiteSettings) -> str:
    """Scheme, host and port of the list."""
    return str(URL(settings.list_url).origin())


def place(settings: SiteSettings, entry: Entry) -> str:
    """The item's page for people, "" when the list names none on the site's own hosts."""
    return _allowed(settings, entry.url)


def address(settings: SiteSettings, entry: Entry) -> str:
    """Where its text is fetched; "" when it may not be asked there, or the list names no place."""
    if not settings.item_url:
        return _allowed(settings, entry.url)
    named = quote(entry.id.encode("utf-8", "surrogatepass"), safe="")
    return _allowed(settings, settings.item_url.format(id=named, origin=origin(settings)))


def error_in(settings: SiteSettings, body: bytes) -> Verdict | None:
    """Whether an answer with status 200 is one of the site's error texts."""
    if len(body) > _ERROR_BYTES:
        return None
    said = body.decode("utf-8", "replace").lower()
    for error in settings.error_texts:
        if error.text.lower() in said:
            return Verdict.NOT_READY if error.retry else Verdict.ERROR
    return None


def read(settings: SiteSettings, body: bytes, content_type: str = "") -> tuple[Verdict, tuple[Text, ...]]:
    """The texts of a fetched item, or why there are none."""
    if not body.strip():
        return Verdict.EMPTY, ()
    if (error := error_in(settings, body)) is not None:
        return error, ()
    if settings.item_kind == "json":
        return _from_json(settings, body)
    if settings.item_kind == "html":
        try:
            found = markup.text_of(decode(body, content_type), settings.text)
        except markup.TooComplex:
            return Verdict.TOO_COMPLEX, ()
        return _judged(None if found is None else [Text(_encode(found))])
    return _judged([Text(_encode(to_text(decode(body, content_type))) if settings.text_html else body)])


def inline(entry: Entry) -> tuple[Verdict, tuple[Text, ...]]:
    """The text that stood in the list."""
    return _judged([Text(_encode(entry.text or ""))])


def _from_json(settings: SiteSettings, body: bytes) -> tuple[Verdict, tuple[Text, ...]]:
    try:
        item = orjson.loads(body)
    except ValueError:
        return Verdict.BAD_SHAPE, ()
    texts: list[Text] | None = None
    whole = reach(item, path_of(settings.text)) if settings.text else None
    if isinstance(whole, str):
        texts = [Text(_content(settings, whole))]
    parts = reach(item, path_of(settings.files)) if settings.files else None
    if isinstance(parts, list):
        texts = texts or []
        for part in parts[:_MOST_FILES]:
            inside = reach(part, path_of(settings.file_text))
            if isinstance(inside, str):
                name = text(reach(part, path_of(settings.file_name))) if settings.file_name else ""
                texts.append(Text(_content(settings, inside), name))
    return _judged(texts)


def _judged(texts: list[Text] | None) -> tuple[Verdict, tuple[Text, ...]]:
    """None = the answer has another shape than the settings say."""
    if texts is None:
        return Verdict.BAD_SHAPE, ()
    some = tuple(part for part in texts if part.content.strip())
    return (Verdict.CONTENT, some) if some else (Verdict.EMPTY, ())


def _content(settings: SiteSettings, written: str) -> bytes:
    return _encode(to_text(written) if settings.text_html else written)


def _encode(written: str) -> bytes:
    return written.encode("utf-8", "surrogatepass")


def _allowed(settings: SiteSettings, written: str) -> str:
    """The absolute URL, "" unless it is on a host of the site and not less protected than the list."""
    if not written:
        return ""
    base = URL(settings.list_url)
    try:
        url = base.join(URL(written))
        host, port = url.host, url.port
    except ValueError:
        return ""
    if url.scheme not in ("http", "https") or (base.scheme == "https" and url.scheme != "https"):
        return ""
    if not host or url.user is not None or url.password is not None:
        return ""
    same = (host, port) == (base.host, base.port)
    return str(url) if same or _names(host, port) & set(settings.hosts) else ""


def _names(host: str, port: int | None) -> set[str]:
    """A host alone means its usual ports."""
    return {f"{host}:{port}"} | ({host} if port in (80, 443) else set())
