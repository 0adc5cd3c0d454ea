"""Which document a record comes from."""

from __future__ import annotations

import orjson
import pytest
from structlog.testing import capture_logs

from monitor.bus.base import DeadLetter, Message, Record
from monitor.bus.tracing import tell, trace_id_of
from monitor.contracts import CoverageEvent, Document, Sighting

DOCUMENT = Document(source="s", id="1", content=b'{"trace_id": "forged"}', fetched_at=1.0, trace_id="00aa")


def record(message: Message, offset: int = 7) -> Record:
    return Record(message.topic, 2, offset, message.key, message.value, message.headers, 0.0)


def test_of_a_document_its_header_counts_and_of_the_others_their_value() -> None:
    assert trace_id_of(record(DOCUMENT.message())) == "00aa"
    assert trace_id_of(record(Sighting("s", "ce01", 1.0, trace_id="00bb").message())) == "00bb"
    assert trace_id_of(record(CoverageEvent("s", 1.0, 2.0).message())) == ""


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b'{"trace_id": 1}',
        b'{"trace_id": "a\\nb"}',
        orjson.dumps({"trace_id": "x" * 99}),
    ],
)
def test_what_cannot_be_read_has_none(value: bytes) -> None:
    assert trace_id_of(record(Message("findings.v1", b"k", value))) == ""


def test_a_line_for_each_record_and_each_dead_letter() -> None:
    with capture_logs() as lines:
        tell(
            "match", [record(DOCUMENT.message())], [DeadLetter(record(DOCUMENT.message(), 8), "worker_crash")]
        )
    place = {"topic": "documents.v1", "partition": 2, "stage": "match", "trace_id": "00aa"}
    assert lines == [
        {"event": "record", "log_level": "debug", "offset": 7, **place},
        {"event": "dead letter", "log_level": "warning", "offset": 8, "reason": "worker_crash", **place},
    ]
