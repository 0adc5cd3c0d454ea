"""Vectors: the Bitcoin wiki (WIF), BIP 32 vector 1, the BIP 39 list (published keys, in two halves for push protection)."""

import random

import pytest
from mnemonic import Mnemonic

from detectors.model import Verdict
from detectors.proofs.wallets import PROOFS

VECTORS = {
    "wif": [b"5HueCGU8rMjxEXxiPuD5BDku4M" + b"kFqeZyd4dZ1jvhTVqvbTLvyTJ", b"KwdMAjGmerYanjeui5SHS7Jkmp" + b"ZvVipYvB2LJGU1ZxJwYvP98617"],
    "bip32": [b"xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqji" + b"ChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"],
    "bip39": [b"legal winner thank year wave sausage worth " + b"useful legal winner thank yellow"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in VECTORS.items() for value in values]
)
def test_published_keys_are_proved(name: str, value: bytes) -> None:
    assert PROOFS[name].check(value).verdict is Verdict.PROVED


@pytest.mark.parametrize("name", ["wif", "bip32"])
def test_made_keys_are_proved_and_changed_ones_refuted(name: str) -> None:
    made = PROOFS[name].make(b"K", random.Random(1))

    assert PROOFS[name].check(made).verdict is Verdict.PROVED
    for place in range(5, len(made), 3):
        other = made[:place] + (b"2" if made[place : place + 1] != b"2" else b"3") + made[place + 1 :]
        assert PROOFS[name].check(other).verdict is Verdict.REFUTED


def test_phrases_of_each_length_are_made_and_a_swapped_word_is_mostly_refuted() -> None:
    for words in (12, 15, 18, 21, 24):
        made = PROOFS["bip39"].make(b"zoo " * words, random.Random(words))
        assert len(made.split()) == words
        assert PROOFS["bip39"].check(made).verdict is Verdict.PROVED
        others = [
            made.rsplit(b" ", 1)[0] + b" " + word for word in (b"zoo", b"abandon", b"legal", b"year", b"wave")
        ]
        assert Verdict.REFUTED in {PROOFS["bip39"].check(other).verdict for other in others}


@pytest.mark.parametrize(
    "phrase",
    [
        b"test " * 12,
        b"abandon " * 11 + b"abandon",
        b"one two",
        b"",
    ],
)
def test_wrong_phrases_are_refuted(phrase: bytes) -> None:
    assert PROOFS["bip39"].check(phrase).verdict is Verdict.REFUTED


def test_a_phrase_of_electrum_is_told_from_one_of_the_standard() -> None:
    rng = random.Random(4)
    words = Mnemonic("english").wordlist
    phrases = (" ".join(rng.choices(words, k=12)).encode() for _ in range(3000))
    standards = [proof.facts["standard"] for proof in map(PROOFS["bip39"].check, phrases) if proof.facts]

    # one of 16 phrases has the sum of BIP 39, one of 256 and three of 4,096 the version of Electrum
    assert 130 < standards.count("BIP 39") < 250
    assert 5 < standards.count("Electrum") < 35


def test_a_number_beyond_the_order_is_no_key() -> None:
    order = b"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"

    for value in (order, b"f" * 64, b"0" * 64, b"g" * 64, b"0" * 63 + b"1"):
        assert PROOFS["secp256k1"].check(value).verdict is Verdict.REFUTED
    assert PROOFS["secp256k1"].check(b"0x" + order[:-1] + b"0").verdict is Verdict.UNPROVABLE
