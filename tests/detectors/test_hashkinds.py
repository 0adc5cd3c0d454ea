from __future__ import annotations

import pytest

from detectors.hashkinds import commonest, kind


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"0123456789abcdef" * 2, "md5"),
        (b"0123456789abcdef" * 2 + b"01234567", "sha1"),
        (b"0123456789ABCDEF" * 4, "sha256"),
        (b"$2y$10$" + b"a" * 53, "bcrypt"),
        (b"*" + b"0123456789" * 4, "mysql"),
        (b"hunter2", ""),
        (b"", ""),
    ],
)
def test_the_shape_names_the_kind(text: bytes, name: str) -> None:
    assert kind(text) == name


def test_half_of_a_list_decides() -> None:
    digest = b"0123456789abcdef" * 2

    assert commonest([digest, digest, b"x"]) == "md5"
    assert commonest([digest, b"x", b"y"]) == ""
    assert commonest([]) == ""
