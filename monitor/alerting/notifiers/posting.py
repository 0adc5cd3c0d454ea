"""What the notifiers over HTTP share: one POST, and the verdict on its answer. Not a notifier itself: no PLUGIN.

2xx                     delivered
401, 403                permanent, unauthorized
408, 425, 429           retry: rate_limited for 429 (Retry-After obeyed), else timeout
404                     retry, client_error: a receiver that is just being deployed answers so
410                     permanent, gone
3xx, other 4xx          permanent, client_error (a POST follows no redirect)
5xx                     retry, server_error (Retry-After obeyed)
no answer               retry: timeout or unreachable; permanent, client_error where the URL itself is refused
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Final

from monitor.alerting.notifiers.base import DeliveryError, Permanent, Reason, Retryable
from monitor.budget import retry_after
from monitor.http import Failure, HttpClient, HttpError
from monitor.untrusted import Sink, untrusted

_MAX_ANSWER: Final = 4096  # bytes of an answer that are read; none is ever shown
_LONGEST_TEXT: Final = 4000

Words = Mapping[bytes, tuple[type[DeliveryError], Reason]]
NO_WORDS: Final[Words] = MappingProxyType({})


async def post(
    http: HttpClient,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes,
    timeout: float,
    now: float,
    words: Words = NO_WORDS,
) -> bytes:
    """The beginning of the body of a 2xx answer. `words`: bodies that decide whatever the status. Raises Retryable, Permanent."""
    try:
        async with http.stream(
            "POST", url, headers=headers, body=body, max_bytes=_MAX_ANSWER, timeout=timeout
        ) as answer:
            text = b""
            with suppress(HttpError):  # the status has arrived: a body too long or cut off changes nothing
                async for chunk in answer.chunks:
                    text += chunk
            return _checked(answer.status, text.strip(), words, retry_after(answer.headers, now))
    except HttpError as error:
        if error.reason is Failure.TIMEOUT:
            raise Retryable(Reason.TIMEOUT) from None
        if error.transient:
            raise Retryable(Reason.UNREACHABLE) from None
        raise Permanent(Reason.CLIENT_ERROR) from None


def _checked(status: int, text: bytes, words: Words, wait: float | None) -> bytes:
    kind, reason = words.get(text, (None, None))
    error = kind(reason, retry_after=wait) if kind and reason else verdict(status, wait)
    if error is not None:
        raise error
    return text


def verdict(status: int, wait: float | None) -> DeliveryError | None:
    """None when the status says delivered. `wait`: what Retry-After asked for, in seconds."""
    if 200 <= status < 300:
        return None
    if status >= 500:
        return Retryable(Reason.SERVER_ERROR, retry_after=wait)
    table: dict[int, DeliveryError] = {
        401: Permanent(Reason.UNAUTHORIZED),
        403: Permanent(Reason.UNAUTHORIZED),
        404: Retryable(Reason.CLIENT_ERROR),
        408: Retryable(Reason.TIMEOUT, retry_after=wait),
        410: Permanent(Reason.GONE),
        425: Retryable(Reason.TIMEOUT, retry_after=wait),
        429: Retryable(Reason.RATE_LIMITED, retry_after=wait),
    }
    return table.get(status, Permanent(Reason.CLIENT_ERROR))


def plain(value: Any) -> Any:
    """A JSON value with every text in it made harmless: control and bidirectional characters shown escaped."""
    if isinstance(value, str):
        return "\n".join(untrusted(line, Sink.PLAIN, limit=_LONGEST_TEXT) for line in value.split("\n"))
    if isinstance(value, Mapping):
        return {untrusted(str(key), Sink.PLAIN): plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [plain(inner) for inner in value]
    return value
