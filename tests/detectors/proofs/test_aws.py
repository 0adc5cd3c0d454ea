import base64
import random

from detectors.model import Verdict
from detectors.proofs.aws import PROOFS


def test_account_inside_a_published_key_id() -> None:
    """The id and account of T. Be'ery's write-up."""
    proof = PROOFS["aws-key-id"].check(b"AS" + b"IAY34FZKBOKMUTVV7A")

    assert dict(proof.facts) == {"key_kind": "temporary", "account_id": "609629065308"}


def test_old_generation_tells_no_account() -> None:
    assert "account_id" not in PROOFS["aws-key-id"].check(b"AK" + b"IAIOSFODNN7ABCDEFG").facts


def test_key_id_that_is_no_base32_is_refuted() -> None:
    assert PROOFS["aws-key-id"].check(b"AK" + b"IA0189018901890189").verdict is Verdict.REFUTED
    assert PROOFS["aws-key-id"].check(b"AK" + b"IAY34FZKBOKMUTVV7").verdict is Verdict.REFUTED


def test_made_key_id_carries_an_account() -> None:
    made = PROOFS["aws-key-id"].make(b"AK" + b"IA" + b"A" * 16, random.Random(5))

    assert len(PROOFS["aws-key-id"].check(made).facts["account_id"]) == 12


def test_ses_password_begins_with_its_version() -> None:
    made = PROOFS["aws-ses"].make(b"", random.Random(1))

    assert PROOFS["aws-ses"].check(made).verdict is Verdict.UNPROVABLE
    assert PROOFS["aws-ses"].check(base64.b64encode(b"\x05" + bytes(32))).verdict is Verdict.REFUTED


def test_bedrock_key_tells_its_account() -> None:
    made = PROOFS["aws-bedrock"].make(b"", random.Random(1))

    assert len(PROOFS["aws-bedrock"].check(made).facts["account_id"]) == 12
