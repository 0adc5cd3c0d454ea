"""Structured logs, one JSON object a line (or aligned text on a terminal), with a redaction filter as the last processor.

The filter is a second line of defence: nothing in this service logs content, but a library's exception text may quote some. Any
run that looks like a token (long, mixed, without a dictionary's shape) and any userinfo in a URL is masked.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Final, TextIO

import structlog

from monitor.logflood import Calm

# 20 or more characters of a token's alphabet that mix letters and digits; ids and digests of ours are listed below
_TOKEN: Final = re.compile(r"(?<![\w-])(?=[\w+/=.~-]*\d)(?=[\w+/=.~-]*[A-Za-z])[\w+/=~-]{20,}")
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s]{1,256}@")
_QUERY: Final = re.compile(r"(?<=[?&])([\w.-]{1,40})=[^&\s\"']{1,4096}")

# our own identifiers: made by us, not secret, and what a reader searches for
_OURS: Final = frozenset(
    {
        "leak",
        "exposure",
        "place",
        "trace_id",
        "document",
        "event",
        "level",
        "timestamp",
        "logger",
        "partition",
    }
)


def mask(text: str) -> str:
    """`text` with URL credentials, query values and token-like runs masked."""
    text = _USERINFO.sub("***@", text)
    text = _QUERY.sub(r"\1=***", text)
    return _TOKEN.sub(lambda found: found[0][:4] + "***", text)


def _redact(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key not in _OURS or key == "event":
            event[key] = _clean(value)
    return event


def _clean(value: object) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    if isinstance(value, int | float | bool) or value is None:
        return value
    return mask(str(value))


def configure(*, level: str = "info", stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's loggers to `stream` (default stderr). For the composition root only."""
    stream = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if stream.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(Calm(time.monotonic))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.getLevelNamesMapping()[level.upper()], logging.INFO))
