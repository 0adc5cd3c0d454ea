"""Every row against the check value of CRC-32 ("123456789" -> CBF43926, of the CRC catalogue), then on made values."""

import random

import pytest

from detectors.model import Verdict
from detectors.proofs.crc import PROOFS

CHECK = {
    "cloudflare": b"cf" + b"ut_123456789" + b"cbf43926",
    "zuplo": b"zp" + b"ka_123456789_" + b"cbf43926",
    "atlassian": b"123456789" + b"CBF43926",
    "grafana": b"123456789_" + b"2639f4cb",  # the bytes of the sum are swapped
    "confluent": b"cf" + b"lt123456789" + b"Jjn0yw",  # base64 of the swapped bytes
    "crc32-base62": b"gh" + b"p_123456789" + b"3jZRME",
    "polar": b"polar_oat_123456789" + b"3jZRME",
    "synapse": b"123456789_" + b"3jZRME",
    "gitlab-routable": b"123456789" + b"1kl8mjq",
}
SHAPES = {
    "cloudflare": b"cf" + b"ut_" + b"a" * 48,
    "zuplo": b"zp" + b"ka_" + b"b" * 32 + b"_" + b"0" * 8,
    "atlassian": b"AT" + b"BB" + b"c" * 32,
    "grafana": b"gl" + b"sa_" + b"d" * 32 + b"_" + b"0" * 8,
    "confluent": b"cf" + b"lt" + b"e" * 60,
    "crc32-base62": b"gh" + b"p_" + b"f" * 36,
    "polar": b"polar_oat_" + b"g" * 43,
    "synapse": b"syt_dXNlcg_" + b"h" * 20 + b"_" + b"0" * 6,
    "gitlab-routable": b"gl" + b"pat-" + b"i" * 40 + b".01." + b"0" * 9,
}


def base_n(text: bytes, alphabet: str) -> int:
    value = 0
    for character in text.decode():
        value = value * len(alphabet) + alphabet.index(character)
    return value


def test_the_sums_of_the_check_values_are_written_right() -> None:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    assert base_n(CHECK["crc32-base62"][-6:], digits) == 0xCBF43926
    assert int(CHECK["gitlab-routable"][-7:], 36) == 0xCBF43926


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_check_value_is_proved(name: str) -> None:
    assert PROOFS[name].check(CHECK[name]).verdict is Verdict.PROVED


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_made_value_is_proved_and_any_other_character_refutes_it(name: str) -> None:
    made = PROOFS[name].make(SHAPES[name], random.Random(1))
    start = (
        SHAPES[name].rindex(b"_" if name != "gitlab-routable" else b"-", 0, 12) + 1
        if name not in {"atlassian", "confluent"}
        else 4
    )

    assert len(made) == len(SHAPES[name])
    assert PROOFS[name].check(made).verdict is Verdict.PROVED
    for place in range(start, len(made)):
        if made[place] in b"_.":
            continue
        other = made[:place] + (b"9" if made[place] != 0x39 else b"8") + made[place + 1 :]
        assert PROOFS[name].check(other).verdict is Verdict.REFUTED, place


def test_an_empty_value_is_refuted() -> None:
    assert {spec.check(b"").verdict for spec in PROOFS.values()} == {Verdict.REFUTED}


def test_gitlab_payload_tells_whom_the_token_belongs_to() -> None:
    # "o:1\nu:2s\n" and random bytes in base64url
    value = PROOFS["gitlab-routable"].make(
        b"gl" + b"pat-" + b"bzoxCnU6MnMK" + b"A" * 20 + b".01." + b"0" * 9, random.Random(1)
    )

    facts = PROOFS["gitlab-routable"].check(value).facts

    assert facts == {"organization": "1", "user_id": str(2 * 36 + 28)}
