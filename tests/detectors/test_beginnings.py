from __future__ import annotations

import pytest

from detectors.beginnings import CONTAINERS, MARKS, marked
from detectors.containers import kind_of
from detectors.decoders import decoders


@pytest.mark.parametrize(("magic", "kind"), CONTAINERS)
def test_every_container_begins_with_a_mark(magic: bytes, kind: str) -> None:
    assert marked(b"x" + magic, 1, 1 + len(magic))
    assert kind_of(magic + bytes(64)) == kind


@pytest.mark.parametrize("decoder", decoders(), ids=lambda decoder: decoder.name)
def test_every_decoder_of_whole_documents_is_asked(decoder) -> None:
    assert set(decoder.marks) <= MARKS


@pytest.mark.parametrize("text", [b"", b"P", b"PX", b"text", b"\xff", b"\x1f\x8c"])
def test_other_documents_are_read_as_they_lie(text: bytes) -> None:
    assert not marked(text, 0, len(text))


def test_a_mark_behind_the_beginning_or_of_the_next_document_is_none() -> None:
    assert not marked(b"xPK", 0, 3)
    assert not marked(b"ab\nPK", 0, 0)
