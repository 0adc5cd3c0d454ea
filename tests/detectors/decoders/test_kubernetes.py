from __future__ import annotations

import base64

import pytest

from decoding import plain, taken
from detectors.decoders.kubernetes import DECODER


def b64(text: bytes) -> bytes:
    return base64.b64encode(text)


HEAD = b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n"


def test_each_value_stands_beside_its_key() -> None:
    text = HEAD + b"data:\n  user: " + b64(b"admin") + b"\n  password: " + b64(b"Wq7rT2mK9x\n") + b"\n"

    assert plain(DECODER, text).lstrip() == b'data:\n  user: "admin"\n  password: "Wq7rT2mK9x"\n'


def test_json_with_the_kind_behind_the_data() -> None:
    text = b'{"apiVersion": "v1", "data": {"password": "' + b64(b"Wq7rT2mK9x") + b'"}, "kind": "Secret"}'

    assert b'"password": "Wq7rT2mK9x"' in plain(DECODER, text)


def test_only_the_document_that_is_the_secret() -> None:
    other = b"kind: ConfigMap\ndata:\n  note: " + b64(b"not a secret at all") + b"\n"
    secret = HEAD + b"data:\n  password: " + b64(b"Wq7rT2mK9x") + b"\n"
    text = other + b"---\n" + secret + b"---\n" + other

    run = taken(DECODER, text)

    assert run is not None
    assert run.data.lstrip() == b'data:\n  password: "Wq7rT2mK9x"'
    assert text[run.start : run.end].lstrip() == b"data:\n  password: " + b64(b"Wq7rT2mK9x")


@pytest.mark.parametrize("value", [b"plain-text", b"abc", b"abcde"])
def test_a_value_that_is_no_base64_of_a_text_stands_as_it_did(value: bytes) -> None:
    text = HEAD + b"data:\n  a: " + value + b"\n  b: " + b64(b"Wq7rT2mK9x") + b"\n"

    assert b"  a: " + value + b"\n" in plain(DECODER, text)


def test_a_quote_in_a_value_does_not_end_it() -> None:
    text = HEAD + b"data:\n  a: " + b64(b'say "Wq7r"') + b"\n"

    assert plain(DECODER, text).lstrip() == b'data:\n  a: "say \\"Wq7r\\""\n'


def test_a_secret_without_data_and_a_kind_of_another_name() -> None:
    assert taken(DECODER, HEAD + b"stringData:\n  a: b\n") is None
    assert taken(DECODER, b"kind: SecretStore\ndata:\n  a: " + b64(b"something") + b"\n") is None
