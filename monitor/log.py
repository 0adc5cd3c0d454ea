"""Structured logs, one JSON object a line (or aligned text on a terminal), bounded in number and length, with a redaction filter.

The filter is a second line of defence: nothing in this service logs content, but a library's exception text may quote some. Any
run that looks like a token (long, mixed, without a dictionary's shape) and any userinfo in a URL is masked. What an event is called
and what its fields mean: docs/reference/logs.md.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Final, TextIO, cast

import structlog

from monitor.logflood import Calm, Flood, Quota
from monitor.metrics import Metrics
from monitor.untrusted import Sink, untrusted

# 20 or more characters of a token's alphabet that mix letters and digits; ids and digests of ours are listed below
_TOKEN: Final = re.compile(r"(?<![\w-])(?=[\w+/=.~-]*\d)(?=[\w+/=.~-]*[A-Za-z])[\w+/=~-]{20,}")
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s]{1,256}@")
_QUERY: Final = re.compile(r"(?<=[?&])([\w.-]{1,40})=[^&\s\"']{1,4096}")
_LONGEST: Final = 4096  # characters of one text
_HEAD: Final = 1024  # of them from its beginning, the rest from its end: of a traceback both say something

# our own identifiers and the words of the rules and the configuration: not secret, and what a reader searches for
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
        "rule",
        "rules",
        "source",
        "notifier",
        "route",
    }
)
_LEVELS: Final = ("debug", "info", "warning", "error")
_SEVERAL_LINES: Final = frozenset({"exception", "stack"})


def mask(text: str) -> str:
    """`text` with URL credentials, query values and token-like runs masked."""
    text = _USERINFO.sub("***@", text)
    text = _QUERY.sub(r"\1=***", text)
    return _TOKEN.sub(lambda found: found[0][:4] + "***", text)


def configure(*, level: str = "info", stream: TextIO | None = None, metrics: Metrics | None = None) -> None:
    """Route structlog and the standard library's loggers to `stream` (default stderr). For the composition root only. `metrics` counts
    the lines written and left out.
    """
    stream = stream or cast("TextIO", _StandardError())
    terminal = stream.isatty()
    metrics = metrics or Metrics()
    for name in _LEVELS:
        metrics.log_lines.labels(name)
    quota = Quota(time.monotonic, metrics.log_suppressed.inc)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _Redact(terminal=terminal),
        _Count(metrics),
    ]
    renderer: Any = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[Flood(quota), *shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(Calm(quota))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.getLevelNamesMapping()[level.upper()], logging.INFO))


class _StandardError:
    """Whatever it is when a line is written: whoever runs a command within a program puts another one in its place and closes that."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return sys.stderr.isatty()


class _Redact:
    """Masks, cuts, and on a terminal shows what would steer it."""

    def __init__(self, *, terminal: bool) -> None:
        self._terminal = terminal

    def __call__(self, _: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            event[key] = self._clean(key, value, ours=key in _OURS and key != "event")
        return event

    def _clean(self, key: str, value: object, *, ours: bool) -> object:
        if isinstance(value, str):
            return self._text(key, value, ours=ours)
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        if isinstance(value, dict):
            return {
                self._text("", str(name), ours=ours): self._clean("", inner, ours=ours)
                for name, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean("", inner, ours=ours) for inner in value]
        if isinstance(value, int | float | bool) or value is None:
            return value
        return self._text(key, str(value), ours=ours)

    def _text(self, key: str, text: str, *, ours: bool) -> str:
        if len(text) > _LONGEST:
            left = len(text) - _LONGEST
            text = f"{text[:_HEAD]} … {left} characters left out … {text[_HEAD - _LONGEST :]}"
        text = text if ours else mask(text)
        if self._terminal and key not in _SEVERAL_LINES:
            return untrusted(text, Sink.TERMINAL, limit=2 * _LONGEST)
        return text


class _Count:
    """The last processor before the line is made."""

    def __init__(self, metrics: Metrics) -> None:
        self._lines = {name: metrics.log_lines.labels(name) for name in _LEVELS}

    def __call__(self, _: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        self._lines.get(event.get("level", ""), self._lines["error"]).inc()
        return event
