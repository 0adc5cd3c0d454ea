"""Which document a record comes from, and a log line for each record where that is wanted."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import structlog

from monitor.bus.base import DeadLetter, Record
from monitor.tracing import fit

_LOG = structlog.get_logger(__name__)


def trace_id_of(record: Record) -> str:
    """Out of a document's header, or out of the value of what has none; "" where there is none that may be told. Raises nothing."""
    try:
        found = orjson.loads(record.headers.get("m") or record.value)
    except orjson.JSONDecodeError:
        return ""
    told = found.get("trace_id") if isinstance(found, dict) else None
    return fit(told) if isinstance(told, str) else ""


def tell(stage: str, records: Sequence[Record], dead: Sequence[DeadLetter]) -> None:
    """Each of `records` with its place on the bus (a parse each, so only at level debug), and what went to the dead letters."""
    for record in records:
        _LOG.debug("record", stage=stage, trace_id=trace_id_of(record), **_place(record))
    for letter in dead:
        trace_id = trace_id_of(letter.record)
        _LOG.warning(
            "dead letter", stage=stage, reason=letter.reason, trace_id=trace_id, **_place(letter.record)
        )


def _place(record: Record) -> dict[str, str | int]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}
