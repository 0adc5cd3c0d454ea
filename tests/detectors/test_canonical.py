"""Golden: a canonical form never moves once released."""

from __future__ import annotations

import hashlib

import pytest

from acme_rules import ruleset
from detectors.canonical import CANONICALS, canonical

BODY = "TUlJQ1dn" * 8
LINES = [BODY[i : i + 32] for i in range(0, len(BODY), 32)]
BEGIN, END = "-----BEGIN PRIVATE " + "KEY-----", "-----END PRIVATE " + "KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([BEGIN, *LINES, END]),
        "\r\n".join([BEGIN, *LINES, END]),
        "\\n".join([BEGIN, *LINES, END]),
        "\n".join(["    " + line for line in [BEGIN, *LINES, END]]).strip(),
        "\n".join("+" + line for line in [BEGIN, *LINES, END])[1:],
        "\n".join(f'"{line}\\n" +' for line in [BEGIN, *LINES, END])[1:-6],
        "\n".join([BEGIN, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00", "", *LINES, END]),
    ],
)
def test_a_key_is_the_same_however_it_is_wrapped(text: str) -> None:
    assert CANONICALS["pem-v1"](text.encode()) == BODY.encode()


def test_the_others() -> None:
    assert CANONICALS["v1"](b"aB%2B") == b"aB%2B"
    assert CANONICALS["urlencoded-v1"](b"aB%2B") == b"aB+"
    assert CANONICALS["lower-v1"](b"aB") == b"ab"
    assert CANONICALS["base64-v1"](b"ab-_==") == b"ab+/"
    assert CANONICALS["pem-v1"](b"no block") == b"no block"


def test_golden_digests() -> None:
    text = (BEGIN + "\n" + BODY + "\n" + END + "%2F==").encode()
    digest = hashlib.sha256(b"\0".join(CANONICALS[name](text) for name in sorted(CANONICALS)))

    assert digest.hexdigest() == "9031f9e0f34b0ee97d5cc77bc394ae4707d792e0b571a6687878d28060d87529"


def test_a_value_is_the_same_whatever_ends_its_lines() -> None:
    rule = ruleset()["acme-url"]

    assert canonical(rule, b"a\r\nb\r\n") == canonical(rule, b"a\nb\n") == b"a\nb\n"
