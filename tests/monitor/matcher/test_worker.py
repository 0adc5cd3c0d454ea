"""The scanning process: jobs in, redacted answers out, and nothing else."""

from __future__ import annotations

import io
import random

import orjson
import pytest

from acme_rules import ruleset, scanner
from detectors.synthetic import secret_for
from monitor.contracts import Document
from monitor.matcher import frames
from monitor.matcher.worker import serve


def frame(text: bytes) -> bytes:
    return len(text).to_bytes(4, "little") + text


def served(*inputs: bytes, setup: dict[str, object] | None = None) -> list[bytes]:
    """The frames that it answers; its memory stays unlimited in this process."""
    options = {"keys": ["6b" * 32], "memory_bytes": 2**46, **(setup or {})}
    source = io.BytesIO(frame(orjson.dumps(options)) + b"".join(inputs))
    sink = io.BytesIO()
    serve(source, sink, lambda _: scanner())
    answers, left = [], sink.getvalue()
    while left:
        size = frames.length(left[:4])
        answers.append(left[4 : 4 + size])
        left = left[4 + size :]
    return answers


def job(*contents: bytes) -> bytes:
    items = []
    for number, content in enumerate(contents):
        message = Document(source="t", id=str(number), content=content, fetched_at=1.0).message()
        items.append(frames.JobItem(message.headers["m"], content))
    return b"".join(frames.job(items))


def test_each_document_of_a_job_is_answered_by_its_number_and_drops_are_counted() -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    ready, answered = served(job(b"nothing", b"k = " + token, b"acme_" + b"x" * 30))
    assert ready == b""
    reply = frames.read_answer(answered)
    assert [index for index, _, _ in reply.events] == [1]
    assert reply.stats["rules"] == {"acme-token": 1}
    assert sum(reply.stats["dropped"].values()) >= 1
    assert reply.stats["bytes"] == 7 + 4 + len(token) + 35
    assert token[5:13] not in answered


def test_it_ends_with_its_input_wherever_that_is_cut() -> None:
    whole = job(b"abc")
    for size in range(len(whole)):
        assert served(whole[:size]) == [b""]


@pytest.mark.parametrize(
    "broken", [b"\xff\xff\xff\xff", frame(b"\xff\xff\xff\xff"), frame(b"\x01\x00\x00\x00\x01")]
)
def test_a_parent_that_talks_nonsense_ends_it(broken: bytes) -> None:
    with pytest.raises(frames.FrameError):
        served(broken)


def test_a_document_that_breaks_the_contract_is_the_parents_fault() -> None:
    token = secret_for(ruleset()["acme-token"], random.Random(1))
    with pytest.raises(frames.FrameError):
        served(b"".join(frames.job([frames.JobItem(b"{}", token)])))
