"""One question, answer or comment of a Stack Exchange site as the API tells it (filter `withbody`). Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from monitor.collectors.htmltext import to_text, unescape
from monitor.collectors.shapes import integer, text

# method -> what names its items, and what its list is sorted by. Comments know no sorting by activity.
METHODS: Final[Mapping[str, tuple[str, str]]] = {
    "questions": ("question_id", "activity"),
    "answers": ("answer_id", "activity"),
    "comments": ("comment_id", "creation"),
}
_OWN_DOMAINS: Final[Mapping[str, str]] = {
    "stackoverflow": "stackoverflow.com",
    "serverfault": "serverfault.com",
    "superuser": "superuser.com",
    "askubuntu": "askubuntu.com",
    "stackapps": "stackapps.com",
    "mathoverflow": "mathoverflow.net",
}
_ENDS: Final = (".com", ".net")
_LATEST: Final = 10**11  # epoch seconds beyond it are none


@dataclass(frozen=True, slots=True)
class Post:
    """`active` is what the list is sorted by (0 = not told), `at` when this text was published (epoch seconds)."""

    name: str  # site/method/id
    active: int
    at: float | None
    owner: str  # the user's id, "" when the user is gone
    author: str
    title: str
    url: str
    content: bytes = field(repr=False)

    @property
    def revision(self) -> str:
        """16 hex digits that change with the text. An edit in the first minutes leaves no date."""
        return hashlib.blake2b(self.content, digest_size=8).hexdigest()

    @property
    def key(self) -> bytes:
        """16 bytes that name this text at this place, for the seen set."""
        return hashlib.blake2b(self.name.encode() + b"\0" + self.content, digest_size=16).digest()


def host_of(site: str) -> str:
    """The host of a site's web pages, for the name that the API's `site` parameter takes."""
    if site.endswith(_ENDS):
        return site
    if site in _OWN_DOMAINS:
        return _OWN_DOMAINS[site]
    before, _, last = site.rpartition(".")
    if last in _OWN_DOMAINS:  # meta.serverfault, pt.stackoverflow
        return f"{before}.{_OWN_DOMAINS[last]}"
    return f"{site}.stackexchange.com"


def parse(raw: object, site: str, method: str) -> Post | None:
    """None when it is no item of that method. The address is made of ids alone, so that a new title changes no place."""
    id_name, sort = METHODS[method]
    number = integer(raw, id_name)
    created, edited = _time(raw, "creation_date"), _time(raw, "last_edit_date")
    active = _time(raw, "last_activity_date") if sort == "activity" else created
    if number is None or number < 1:
        return None
    title = unescape(text(raw, "title"))
    parts = (title, to_text(text(raw, "body")))
    at = edited or created
    return Post(
        name=f"{site}/{method}/{number}",
        active=active or 0,
        at=None if at is None else float(at),
        owner=str(integer(raw, "owner", "user_id") or ""),
        author=unescape(text(raw, "owner", "display_name")),
        title=title,
        url=_url(site, method, number, integer(raw, "post_id")),
        content="\n".join(part for part in parts if part.strip()).encode("utf-8", "replace"),
    )


def _time(raw: object, name: str) -> int | None:
    value = integer(raw, name)
    return value if value is not None and 0 < value < _LATEST else None


def _url(site: str, method: str, number: int, post: int | None) -> str:
    host = host_of(site)
    if method == "questions":
        return f"https://{host}/q/{number}"
    if method == "answers":
        return f"https://{host}/a/{number}"
    return f"https://{host}/q/{post or 0}#comment{number}_{post or 0}"
