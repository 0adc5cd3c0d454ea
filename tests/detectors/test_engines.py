from __future__ import annotations

import pytest

from detectors.engines import compiled


@pytest.mark.parametrize("engine", ["re", "re2"])
def test_both_read_bytes_as_latin_1_and_take_their_turn_in_the_text(engine: str) -> None:
    pattern = compiled(r"k\w\xe9(?P<secret>[a-z]{2})", engine=engine, caseless=True)
    text = b"ka\xe9bb KA\xe9XY"

    found = pattern.search(text, 3)

    assert found.span() == (6, 11)
    assert found.span(1) == (9, 11)
    assert found.group(1) == b"XY"
    assert pattern.fullmatch(text) is None


@pytest.mark.parametrize("engine", ["re", "re2"])
def test_a_word_is_ascii_in_both(engine: str) -> None:
    assert compiled(r"\w", engine=engine).search(b"\xe9\xb5") is None
