"""One item of Hacker News as its API tells it: a story, comment, job, poll or an option of a poll. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from monitor.collectors.htmltext import to_text
from monitor.collectors.shapes import integer, text


@dataclass(frozen=True, slots=True)
class Item:
    """`content` is title, address and text, b"" where there is none; `state` says why then: deleted, dead or empty."""

    id: int
    author: str
    at: float | None  # publication, epoch seconds
    title: str
    content: bytes = field(repr=False)
    state: str

    @property
    def revision(self) -> str:
        """16 hex digits that change with the content: the API names no time of an edit."""
        return hashlib.blake2b(self.content, digest_size=8).hexdigest()

    @property
    def key(self) -> bytes:
        """16 bytes that name this text of this item, for the seen set."""
        return hashlib.blake2b(b"%d\0%b" % (self.id, self.content), digest_size=16).digest()


def parse(raw: object, item_id: int) -> Item | None:
    """None when it is not the item of that id. Titles and texts are HTML, addresses are not."""
    if not isinstance(raw, dict) or integer(raw, "id") != item_id:
        return None
    title = to_text(text(raw, "title"))
    parts = (title, text(raw, "url"), to_text(text(raw, "text")))
    content = "\n".join(part for part in parts if part.strip()).encode("utf-8", "replace")
    time = integer(raw, "time")
    state = "deleted" if raw.get("deleted") is True else "dead" if raw.get("dead") is True else "empty"
    return Item(
        id=item_id,
        author=text(raw, "by"),
        at=float(time) if time is not None and 0 < time < 1e11 else None,
        title=title,
        content=content,
        state="" if content else state,
    )
