"""What waits for the second look has a gate wherever it is found."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from acme_rules import ruleset, scanner
from detectors import gates
from detectors.compiler import Expression, build
from detectors.secondlook import GATE
from detectors.synthetic import value_for

KEY = value_for(ruleset()["acme-key"], Random(3)).secret


def opened(text: bytes) -> bool:
    db = build([Expression(GATE, expression, 0) for expression in gates.expressions(ruleset().rules)])
    found: list[int] = []
    db.scan(text, match_event_handler=lambda i, *_: found.append(i))
    return bool(found)


@pytest.mark.parametrize(
    "place",
    [
        b"ACME_API_KEY=%s",
        b'acmeToken: "%s"',
        b"the acme token for production is %s",
        b"acme_key:\n    %s",
        b'variable "acme" {\n  default = "%s"',
        b"curl -u %s: https://api.acme.com",
        b"%s is my acme",
        b"<value>%s</value>",
    ],
)
def test_a_value_beside_a_word_of_credentials_opens_a_gate(place: bytes) -> None:
    assert opened(place % KEY)


@pytest.mark.parametrize("text", [b"a token of appreciation_for_everybody", b"key = 1", b"acme " + KEY])
def test_words_without_a_value_and_values_without_a_word_open_none(text: bytes) -> None:
    assert not opened(text)


def test_names_with_such_a_word_wait_and_a_bare_name_does_not() -> None:
    rule = ruleset()["acme-key"]

    assert gates.waits(rule, "acme_api_key")
    assert gates.waits(rule, "acme&")
    assert not gates.waits(rule, "acme")
    assert not gates.waits(replace(rule, pattern="[0-9a-f]{8}"), "acme_api_key")
    assert not gates.waits(ruleset()["acme-token"])


def test_a_dump_of_mail_addresses_waits_and_no_other() -> None:
    dump = ruleset()["acme-dump"]
    mails = replace(dump, anchor=r"\.(?:com|net|org|edu|ru):[!-~]{4}")

    assert not gates.waits(dump)
    assert not gates.waits(replace(dump, anchor=r"@acme\.example"))
    assert gates.waits(mails)
    assert len(gates.expressions([mails, mails])) == 1


def test_what_stands_behind_a_gate_is_found_once_wherever_it_stands() -> None:
    filler = b"nothing here\n" * 200
    text = filler + b"acme_secret = " + KEY + b"\n" + filler + b"acme " + KEY[::-1] + b"\n"

    assert len(scanner().scan(text)) == len({f.start for f in scanner().scan(text)}) == 2
