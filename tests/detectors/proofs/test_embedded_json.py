import random

import orjson
import pytest

from detectors.encodings import base64url
from detectors.model import Verdict
from detectors.proofs.embedded_json import PROOFS

CANDIDATES = {
    "sentry-org": b"sntr" + b"ys_" + b"a" * 60 + b"_" + b"b" * 43,
    "mapbox": b"s" + b"k." + b"a" * 60 + b"." + b"b" * 22,
    "grafana-cloud": b"gl" + b"c_" + b"a" * 60,
    "onepassword": b"op" + b"s_" + b"a" * 260,
    "grafana-api-key": b"a" * 60,
    "cloudflare-tunnel": b"a" * 60,
}


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_made_value_decodes_and_keeps_what_stands_around(name: str) -> None:
    made = PROOFS[name].make(CANDIDATES[name], random.Random(1))

    assert made[:3] == CANDIDATES[name][:3] or name in {"grafana-api-key", "cloudflare-tunnel"}
    assert PROOFS[name].check(made).verdict is Verdict.UNPROVABLE


@pytest.mark.parametrize("name", sorted(PROOFS))
def test_other_base64_is_refuted(name: str) -> None:
    thin = name == "onepassword"

    assert PROOFS[name].check(CANDIDATES[name]).verdict is (Verdict.UNPROVABLE if thin else Verdict.REFUTED)


def test_facts_are_the_public_parts_only() -> None:
    body = base64url(
        orjson.dumps({"iat": 1.5, "url": "https://sentry.invalid", "region_url": "", "org": "acme"})
    )

    proof = PROOFS["sentry-org"].check(b"sntr" + b"ys_" + body + b"_" + b"x" * 43)

    assert dict(proof.facts) == {"organization": "acme", "host": "https://sentry.invalid"}


def test_a_missing_key_refutes() -> None:
    body = base64url(orjson.dumps({"a": "x", "t": "y"}))

    assert PROOFS["cloudflare-tunnel"].check(body).verdict is Verdict.REFUTED
