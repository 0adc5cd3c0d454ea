from __future__ import annotations

import pytest

from detectors.passwordlike import passwords


def test_a_list_with_words_and_digits_is_one_of_passwords() -> None:
    assert passwords([b"sunshine87", b"iloveyou", b"Winter2021!", b"qwerty1", b"dragon_99"])


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [b"1.2.3", b"2.0.1-beta", b"v3.4.5"],
        [b"latest", b"stable", b"alpine"],
        [b"8080", b"9090", b"443"],
        [b"/usr/bin/a1", b"/usr/bin/b2"],
        [b"same1"] * 20,
        [b"0123456789abcdef0123456789abcdef", b"1123456789abcdef0123456789abcdef"],
        [b"12px", b"3em", b"100ms"],
    ],
)
def test_versions_words_ports_paths_and_digests_are_none(fields: list[bytes]) -> None:
    assert not passwords(fields)
