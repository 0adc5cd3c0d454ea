from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.bus.embedded.codec import decode_headers, encode_headers, partition_of


@settings(max_examples=200)
@given(st.dictionaries(st.text(max_size=60), st.binary(max_size=300), max_size=12))
def test_headers_come_back_in_order(headers: dict[str, bytes]) -> None:
    decoded = decode_headers(encode_headers(headers))
    assert list(decoded.items()) == list(headers.items())


def test_a_name_that_does_not_fit_is_refused() -> None:
    encode_headers({"n" * 255: b""})
    with pytest.raises(ValueError, match="too long"):
        encode_headers({"n" * 256: b""})


def test_partitions_are_part_of_the_format() -> None:
    """A key must never move: these are the values of the first release."""
    assert [partition_of(b"key-%d" % i, 4) for i in range(8)] == [0, 2, 0, 2, 1, 3, 1, 3]
    assert partition_of(b"", 4) == 0


def test_partitions_are_even() -> None:
    counts = [0] * 5
    for i in range(5000):
        counts[partition_of(i.to_bytes(16, "big"), 5)] += 1
    assert all(850 < count < 1150 for count in counts)
