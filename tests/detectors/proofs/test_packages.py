import base64
import random

from detectors.encodings import base64url
from detectors.model import Verdict
from detectors.proofs.packages import PROOFS


def macaroon(location: bytes) -> bytes:
    return b"py" + b"pi-" + base64url(b"\x02\x01" + bytes((len(location),)) + location + b"\x02" + b"r" * 90)


def test_macaroon_tells_its_index() -> None:
    assert dict(PROOFS["pypi"].check(macaroon(b"index.invalid")).facts) == {"index": "index.invalid"}


def test_a_macaroon_of_another_version_or_place_is_refuted() -> None:
    assert PROOFS["pypi"].check(b"py" + b"pi-" + base64url(b"\x01" * 100)).verdict is Verdict.REFUTED
    assert PROOFS["pypi"].check(macaroon(b"\x00\xff\x00\xff")).verdict is Verdict.REFUTED


def test_made_macaroon_keeps_its_location_and_length() -> None:
    value = macaroon(b"index.invalid")

    made = PROOFS["pypi"].make(value, random.Random(1))

    assert (len(made), made[:20]) == (len(value), value[:20])
    assert made != value
    assert PROOFS["pypi"].check(made).verdict is Verdict.UNPROVABLE


def test_reference_token_tells_when_it_ends() -> None:
    text = base64.b64encode(b"reftkn:01:1800000000:" + b"A" * 27)

    assert dict(PROOFS["jfrog-reference"].check(text).facts) == {"expires_at": "2027-01-15T08:00:00+00:00"}
    assert PROOFS["jfrog-reference"].check(base64.b64encode(b"reftkn:x")).verdict is Verdict.REFUTED
    assert len(PROOFS["jfrog-reference"].make(b"", random.Random(1))) == 64


def test_reference_token_without_an_end_says_so() -> None:
    text = base64.b64encode(b"reftkn:01:0000000000:" + b"A" * 27)

    assert dict(PROOFS["jfrog-reference"].check(text).facts) == {"expires_at": "never"}
