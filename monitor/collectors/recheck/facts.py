"""One small fact about an address, asked conditionally: what an answer said is remembered with its ETag, so that a 304 says it again.

A 304 costs most servers nothing (GitHub does not count it). Nothing of a body is kept but the fact. The memory is bounded: the facts
that were asked least lately go, and cost a whole answer the next time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any, Final

import orjson

from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.recheck.target import NoVerdict
from monitor.collectors.upstream import Refused, Unavailable, Upstream
from monitor.http import Failure, Response, Validators

GONE: Final = ""  # the fact of an address that is no more
_GONE: Final = frozenset({404, 410, 451})
_FACTS: Final = 200  # of one of the 256 cursors: about 30 KB
_LONGEST: Final = 64

Read = Callable[[Response], str]


class Facts:
    """For the tasks of one source."""

    async def ask(
        self,
        context: SourceContext,
        upstream: Upstream,
        url: str,
        read: Read,
        *,
        max_bytes: int,
        part: str = "",
        gone: Collection[int] = (),
        too_large: str | None = None,
    ) -> str:
        """What `read` makes of the answer (at most 64 characters), or GONE for 404, 410, 451 and the statuses of `gone`. `read` raises
        ValueError for an answer that is none; `part` tells facts of one address apart; `too_large` is the fact where the answer is
        over the limit. Raises NoVerdict, Stopping.
        """
        digest = hashlib.sha256(f"{url}\0{part}".encode()).hexdigest()[:24]
        cursor = f"facts/{digest[:2]}"
        known = _load(await context.state.cursor(context.name, cursor))
        etag, fact = known.get(digest, ("", ""))
        try:
            answer = await upstream.get(context, url, validators=Validators(etag), max_bytes=max_bytes)
            if answer.status == 304:
                if not etag:
                    raise NoVerdict("unavailable")
                return fact
            fact = read(answer)[:_LONGEST]
        except Limited:
            raise NoVerdict("limited") from None
        except Unavailable:
            raise NoVerdict("unavailable") from None
        except ValueError:
            raise NoVerdict("unavailable") from None
        except Refused as error:
            if error.reason == Failure.TOO_LARGE and too_large is not None:
                return too_large
            if error.status in _GONE or error.status in gone:
                return GONE
            raise NoVerdict("redirected" if error.reason == "redirect" else "refused") from None
        if answer.validators.etag:
            await self._remember(context, cursor, digest, answer.validators.etag, fact)
        return fact

    async def _remember(self, context: SourceContext, cursor: str, digest: str, etag: str, fact: str) -> None:
        known = _load(await context.state.cursor(context.name, cursor))  # as others have left it
        known.pop(digest, None)
        known[digest] = (etag, fact)
        kept = dict(list(known.items())[-_FACTS:])
        await context.state.save_cursor(context.name, orjson.dumps(kept).decode(), cursor)


def object_of(answer: Response, having: str) -> dict[str, Any]:
    """`having` is what a true answer cannot lack. Raises ValueError."""
    found = answer.json()
    if not isinstance(found, dict) or having not in found:
        raise ValueError("another thing than was asked for")
    return found


def _load(saved: str | None) -> dict[str, tuple[str, str]]:
    raw: dict[str, Any] = orjson.loads(saved) if saved else {}
    return {digest: (etag, fact) for digest, (etag, fact) in raw.items()}
