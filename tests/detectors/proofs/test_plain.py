import base64
import random
import uuid

import pytest

from detectors.model import Verdict
from detectors.proofs.plain import PROOFS


def test_only_random_uuids_stay() -> None:
    check = PROOFS["uuid4"].check

    assert check(str(uuid.uuid4()).upper().encode()).verdict is Verdict.UNPROVABLE
    for other in (uuid.uuid1(), uuid.uuid5(uuid.NAMESPACE_DNS, "a.invalid"), uuid.UUID(int=0)):
        assert check(str(other).encode()).verdict is Verdict.REFUTED


def test_a_wireguard_key_is_clamped() -> None:
    key = bytearray(b"\x40" * 32)

    assert PROOFS["wireguard"].check(base64.b64encode(key)).verdict is Verdict.UNPROVABLE
    key[0] |= 1
    assert PROOFS["wireguard"].check(base64.b64encode(key)).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("login", "verdict"),
    [
        (b"user:password", Verdict.UNPROVABLE),
        (b"user:", Verdict.REFUTED),
        (b"no colon here", Verdict.REFUTED),
        (b"\x00:\x01", Verdict.REFUTED),
    ],
)
def test_a_login_is_printable_on_both_sides_of_its_colon(login: bytes, verdict: Verdict) -> None:
    assert PROOFS["basic-login"].check(base64.b64encode(login)).verdict is verdict


def test_a_numbered_token_has_its_number_and_twenty_bytes() -> None:
    check = PROOFS["numbered-token"].check

    assert check(base64.b64encode(b"123456789012:" + bytes(20))).verdict is Verdict.UNPROVABLE
    assert (
        check(b"BB" + b"DC-" + base64.b64encode(b"123456789012:" + bytes(20))).verdict is Verdict.UNPROVABLE
    )
    assert check(base64.b64encode(b"123456789012;" + bytes(20))).verdict is Verdict.REFUTED


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_made_value_fits(name: str) -> None:
    made = PROOFS[name].make(
        b"BBDC-" + b"A" * 44 if name == "numbered-token" else b"A" * 44, random.Random(1)
    )

    assert PROOFS[name].check(made).verdict is Verdict.UNPROVABLE
