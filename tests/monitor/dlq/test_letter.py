"""What of a dead letter may be shown."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dead import broken, dead, document
from monitor.bus.base import Message, Record
from monitor.contracts import FindingEvent
from monitor.dlq.letter import LetterId, UnknownLetter, letter_object, letter_of
from monitor.store.dead_letters import Mark

SECRET = "s3cr" + "et" * 10


def mask(text: str) -> str:
    return text.replace(SECRET, "*****")


def record(message: Message) -> Record:
    return Record(message.topic, 0, 5, message.key, message.value, message.headers, 86_400.0)


def test_a_document_tells_its_source_and_id_masked_and_no_content() -> None:
    message = dead(document(7, content=SECRET.encode(), name=f"acme/{SECRET}\x1b[31m"), 9, "worker_timeout")
    letter = letter_of(record(message), None, mask)
    assert (letter.source, letter.document, letter.media_type) == ("git", "acme/*****\x1b[31m", "text/plain")
    told = letter_object(letter)
    assert told == {
        "place": "documents.v1/0/5",
        "topic": "documents.v1",
        "buried_at": "1970-01-02T00:00:00Z",
        "reason": "worker_timeout",
        "stage": "match",
        "partition": 3,
        "offset": 9,
        "retries": 0,
        "size": len(SECRET),
        "source": "git",
        "document": "acme/*****\\x1b[31m",
        "media_type": "text/plain",
        "state": "open",
        "done": None,
    }
    assert SECRET not in repr(letter)


def test_what_was_done_with_it_is_told() -> None:
    told = letter_object(letter_of(record(dead(document(1))), Mark("dropped", 0.0, "cli:ann"), mask))
    assert told["state"] == "dropped"
    assert told["done"] == {"at": "1970-01-01T00:00:00Z", "by": "cli:ann"}


def test_of_a_finding_only_the_source_is_told() -> None:
    """Whose it is was never decided: its place is not shown."""
    value = orjson.dumps({"source": "gists", "id": "x", "document_id": "acme/code", "media_type": "y"})
    message = dead(Message(FindingEvent.TOPIC, b"k", value, {"v": b"1.0"}))
    letter = letter_of(record(message), None, mask)
    assert (letter.source, letter.document, letter.media_type) == ("gists", "", "")


def test_a_text_that_is_too_long_to_be_masked_is_not_shown() -> None:
    """Cut first, half a secret would be no secret to the mask."""
    letter = letter_of(record(dead(document(1, name="x" * 1020 + SECRET))), None, mask)
    assert letter.document == f"[{1020 + len(SECRET)} characters]"


@given(
    st.sampled_from(["documents.v1.dlq", "findings.v1.dlq"]),
    st.one_of(
        st.binary(max_size=50),
        st.recursive(
            st.none() | st.integers(0, 9) | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
        ).map(orjson.dumps),
        st.just(orjson.dumps({"source": 3, "id": [], "media_type": None})),
        st.just(b"[" * 5000),
    ),
)
def test_whatever_it_holds_it_can_be_listed(topic: str, raw: bytes) -> None:
    letter = letter_of(Record(topic, 0, 0, b"", raw, {"m": raw, "dlq-reason": raw}, 0.0), None, mask)
    assert letter.size == len(raw)
    orjson.dumps(letter_object(letter))


def test_rubbish_has_no_source() -> None:
    letter = letter_of(record(dead(broken(), reason="malformed")), None, mask)
    assert (letter.source, letter.document, letter.media_type) == ("", "", "")


def test_a_place_reads_as_it_is_written() -> None:
    place = LetterId("documents.v1", 0, 17)
    assert str(place) == "documents.v1/0/17"
    assert LetterId.parse(str(place)) == place
    for text in (
        "",
        "documents.v1",
        "documents.v1/0",
        "documents.v1/0/-1",
        "a/0/1/2",
        "a/0/" + "9" * 30,
        "a/0/²",
    ):
        with pytest.raises(UnknownLetter):
            LetterId.parse(text)
