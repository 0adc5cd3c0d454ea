"""What stands right around a value."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from acme_rules import ruleset, scanner
from detectors.judging import Judge
from detectors.stats import REASONS
from detectors.surroundings import reason
from detectors.synthetic import secret_for

TOKEN = secret_for(ruleset()["acme-token"], Random(1))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("password: '{{ @@ }}'", "template"),
        ("password: {{@@}}", "template"),
        ("password: {{- @@ | quote }}", "template"),
        ("password=${@@}", "template"),
        ("password=${@@:-none}", "template"),
        ("password: $(@@)", "template"),
        ("password: <%= @@ %>", "template"),
        ("key: @@...", "placeholder"),
        ("key: @@\u2026", "placeholder"),
        ("key: @@[...]", "placeholder"),
        ("secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:@@", "identifier"),
        ("arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:@@", "identifier"),
        ("![x](https://acme.io/project/badge/Grade/@@)", "identifier"),
        ("password = @@.get(NAME)", "identifier"),
        ("password: '@@'", ""),
        ("password is @@. Then go on", ""),
        ("{@@}", ""),
        ("{{'password': '@@'}}", ""),
        ("f({{@@)", ""),
        ("key: @@.", ""),
        ("https://user:@@@host/${x}", ""),
        ("a secret:@@", ""),
    ],
)
def test_what_stands_around_a_value_may_say_that_it_is_none(text: str, why: str) -> None:
    before, behind = text.rsplit("@@", 1) if "@@@" in text else text.split("@@")
    assert reason(before.encode(), b"kX3vB9nQ", behind.encode()) == why
    assert not why or why in REASONS


def test_a_word_that_begins_a_text_is_one() -> None:
    assert reason(b'"password": "', b"Jelszava", b' a x-hez"') == "word"
    assert reason(b'"password": "', b"Felhaszn", b'\\u00e1l\\u00f3i"') == "word"
    assert reason(b'"password": "', b"kX3vB9nQ", b" and more") == ""
    assert reason(b"password: ", b"Jelszava", b" a x-hez") == ""
    assert reason(b'"password": "', b"Jelszava", b'", "user": "x"') == ""


def test_a_value_out_of_place_is_counted_and_its_neighbour_found() -> None:
    text = b"acme_key = {{ " + TOKEN + b" }}\nother = '" + TOKEN + b"'\n"
    (finding,) = scanner().scan(text)
    assert text[finding.start - 1 : finding.start] == b"'"

    dropped = Counter[str]()
    number = ruleset().rules.index(ruleset()["acme-token"])
    low = text.index(TOKEN)
    hits = [(number, low + len(TOKEN)), (number, text.rindex(TOKEN) + len(TOKEN))]
    found, _ = Judge(ruleset()).findings(text, 0, len(text), hits, dropped)
    assert (len(found), dropped) == (1, {"template": 1})
    whole, _ = Judge(ruleset()).findings(text, low, low + len(TOKEN), hits[:1], dropped)
    assert len(whole) == 1  # of a text in a buffer nothing beside it counts
