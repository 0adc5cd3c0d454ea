from __future__ import annotations

from random import Random

import pytest

from acme_rules import ruleset, scanner
from decoding import plain, taken
from detectors.decoders.joined import DECODER
from detectors.synthetic import secret_for


@pytest.mark.parametrize("quote", [b'"', b"'"])
@pytest.mark.parametrize(
    "joint",
    [b" + ", b"+", b" . ", b".", b" & ", b"&", b" \\ ", b" ", b"  ", b"\n", b"\n        ", b" +\n    ", b" \\\n  ", b"\r\n  + ", b"\n  . "],
)  # fmt: skip
def test_the_halves_become_one_string(quote: bytes, joint: bytes) -> None:
    text = b"key = " + quote + b"Wq7rT2mK" + quote + joint + quote + b"9xLp4vBn" + quote + b";"

    assert plain(DECODER, text) == b"key = " + quote + b"Wq7rT2mK9xLp4vBn" + quote + b";"


@pytest.mark.parametrize("piece", [b"a", b"ac", b"acm", b"ac-"])
@pytest.mark.parametrize(("quote", "joint"), [(b'"', b" + "), (b"'", b"+"), (b'"', b"+"), (b"'", b" + ")])
def test_a_prefix_may_be_broken(piece: bytes, quote: bytes, joint: bytes) -> None:
    text = b"key = " + quote + piece + quote + joint + quote + b"9xLp4vBn" + quote + b";"

    assert plain(DECODER, text) == b"key = " + quote + piece + b"9xLp4vBn" + quote + b";"


def test_a_token_broken_within_its_prefix_is_found() -> None:
    token = secret_for(ruleset()["acme-token"], Random(1))

    (found,) = scanner().scan(b'key = "%s" + "%s"\n' % (token[:2], token[2:]))

    assert (found.rule.id, found.secret, found.decoded) == ("acme-token", token, ("joined",))


def test_the_line_continuation_of_basic() -> None:
    assert plain(DECODER, b'key = "Wq7rT2mK" & _\r\n    "9xLp4vBn"') == b'key = "Wq7rT2mK9xLp4vBn"'


def test_many_pieces() -> None:
    text = b"k = " + b" + ".join(b'"abcd%d"' % n for n in range(9))

    assert plain(DECODER, text) == b'k = "' + b"".join(b"abcd%d" % n for n in range(9)) + b'"'


@pytest.mark.parametrize(
    "text",
    [
        b'print("a sentence that " + "goes on.")',
        b"'one', 'two', 'three'",
        b'"Wq7rT2mK" + name + "9xLp4vBn"',
        b"\"Wq7rT2mK\" + '9xLp4vBn'",
        b'"left" == "right"',
        b'"a" + "b" + "c"',
        b'"is " + "they said"',
    ],
)
def test_sentences_lists_and_variables_are_not_joined(text: bytes) -> None:
    assert taken(DECODER, text) is None


def test_a_piece_stands_where_it_stood() -> None:
    text = b'key = "Wq7rT2mK" + "9xLp4vBn"'
    run = taken(DECODER, text)

    assert run is not None
    at = run.data.index(b"Wq7r")
    assert text[slice(*run.span(at, at + 8))] == b"Wq7rT2mK"
    assert text[slice(*run.span(at, at + 16))] == b'Wq7rT2mK" + "9xLp4vBn'
