import random

from detectors.encodings import base64url
from detectors.model import Verdict
from detectors.proofs.messengers import PROOFS


def test_discord_tells_the_account_and_its_age() -> None:
    """The snowflake of Discord's own documentation: 2016-04-30 11:18:25.796 UTC."""
    proof = PROOFS["discord"].check(base64url(b"175928847299117063") + b".Abc123." + b"z" * 27)

    assert dict(proof.facts) == {
        "user_id": "175928847299117063",
        "account_created": "2016-04-30T11:18:25+00:00",
    }


def test_discord_without_a_snowflake_is_refuted() -> None:
    for first in (b"MTIz", b"M" * 24, base64url(b"99999999999999999999")):
        assert PROOFS["discord"].check(first + b".Abc123." + b"z" * 27).verdict is Verdict.REFUTED


def test_made_discord_token_keeps_its_tail() -> None:
    for first in (b"M" * 24, b"M" * 26):
        made = PROOFS["discord"].make(first + b".Abc123." + b"z" * 27, random.Random(1))
        assert made.endswith(b".Abc123." + b"z" * 27)
        assert PROOFS["discord"].check(made).verdict is Verdict.UNPROVABLE


def test_telegram_tells_the_bot() -> None:
    assert dict(PROOFS["telegram"].check(b"123456780:" + b"AA" + b"x" * 33).facts) == {"bot_id": "123456780"}
    assert PROOFS["telegram"].check(b"123456780:" + b"BB" + b"x" * 33).verdict is Verdict.REFUTED
