import random

from detectors.model import Verdict
from detectors.proofs.pgp import PROOFS, crc24

check = PROOFS["pgp-armor"].check


def test_crc24_against_its_check_value() -> None:
    assert crc24(b"123456789") == 0x21CF02


def test_made_block_is_proved_also_with_escaped_lines() -> None:
    made = PROOFS["pgp-armor"].make(b"", random.Random(1))

    assert check(made).verdict is Verdict.PROVED
    assert check(made.replace(b"\n", b"\\n")).verdict is Verdict.PROVED


def test_a_changed_character_is_refuted() -> None:
    made = PROOFS["pgp-armor"].make(b"", random.Random(1))
    other = made[:60] + (b"A" if made[60:61] != b"A" else b"B") + made[61:]

    assert check(other).verdict is Verdict.REFUTED


def test_a_block_without_a_sum_says_nothing() -> None:
    made = PROOFS["pgp-armor"].make(b"", random.Random(1))
    lines = [line for line in made.split(b"\n") if not line.startswith(b"=")]

    assert check(b"\n".join(lines)).verdict is Verdict.UNPROVABLE
    assert check(b"").verdict is Verdict.UNPROVABLE
