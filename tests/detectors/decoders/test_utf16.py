from __future__ import annotations

from random import Random

import pytest

from acme_rules import ruleset, scanner
from detectors.synthetic import secret_for

TOKEN = secret_for(ruleset()["acme-token"], Random(5))
LINE = "key = '" + TOKEN.decode() + "'\r\n"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_token_in_a_run_of_either_order(encoding: str) -> None:
    text = b"\x01\x02\x03" + LINE.encode(encoding) + b"\x01"

    (finding,) = scanner().scan(text)

    assert (finding.secret, finding.decoded) == (TOKEN, ("utf16",))
    plain = TOKEN.decode().encode("utf-16-be" if encoding == "utf-16-be" else "utf-16-le")
    assert plain in text[finding.start : finding.end]


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_a_document_with_a_mark_is_decoded_whole_whatever_it_holds(mark: bytes, encoding: str) -> None:
    text = mark + ("пароль 密码 acme = '" + "0f1e2d3c4b5a69788796a5b4c3d2e1f0" + "'\n").encode(encoding)

    (finding,) = scanner().scan(text)

    assert (finding.rule.id, finding.start, finding.end) == ("acme-key", 0, len(text))


def test_a_marked_document_among_others() -> None:
    text = b"\xff\xfe" + LINE.encode("utf-16-le")

    assert scanner().scan_many([b"nothing", text]) == [(), scanner().scan(text)]


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"\xff\xfea", b"\xfe\xff\xd8\x00", b"a\0c\0m\0e\0_\0", b"\0a\0c\0m\0e\0_"]
)
def test_cut_documents_raise_nothing(text: bytes) -> None:
    assert scanner().scan(text) == ()
