"""Tokens with a base64 segment of JSON inside: the keys that must be there, and which of them are worth telling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import orjson

from detectors.encodings import base64url, fact, json_object, unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Embedded:
    """`segment` has one group: the base64 text. `sample` is a minimal object of the right shape."""

    name: str
    segment: re.Pattern[bytes]
    sample: Mapping[str, Any]
    facts: Mapping[str, str] = field(default_factory=dict)  # JSON key -> name of the fact
    refutes: bool = True  # False: documented too thinly, or often cut

    def check(self, secret: bytes) -> Proof:
        found = self.segment.match(secret[:_LONGEST])
        value = json_object(unbase64(found[1])) if found else None
        if value is None or not self.sample.keys() <= value.keys():
            return Proof(Verdict.REFUTED if self.refutes else Verdict.UNPROVABLE, self.name)
        told = {name: fact(value[key]) for key, name in self.facts.items() if key in value}
        return Proof(Verdict.UNPROVABLE, self.name, {name: text for name, text in told.items() if text})

    def make(self, candidate: bytes, rng: Random) -> bytes:
        """Puts an object with random strings in place of the segment; what stands around it is kept."""
        found = self.segment.match(candidate)
        if found is None:
            return candidate
        value = {key: self._random(kind, rng) for key, kind in self.sample.items()}
        return candidate[: found.start(1)] + base64url(orjson.dumps(value)) + candidate[found.end(1) :]

    @staticmethod
    def _random(kind: object, rng: Random) -> object:
        if isinstance(kind, int):
            return rng.randrange(10 ** (kind - 1), 10**kind)
        return str(kind) or rng.randbytes(16).hex()


# In a sample "" stands for a random text, a number for an integer of so many digits, other texts for themselves.
_FORMATS: Final = (
    Embedded(
        "sentry-org",
        re.compile(rb"sntrys_([A-Za-z0-9+/=_-]{20,2000})_[A-Za-z0-9+/=_-]{43}$"),
        {"iat": 10, "url": "https://sentry.io", "region_url": "https://us.sentry.io", "org": ""},
        {"org": "organization", "url": "host"},
    ),
    Embedded(
        "mapbox",
        re.compile(rb"[spt]k\.([A-Za-z0-9_-]{10,1000})\."),
        {"u": "", "a": ""},
        {"u": "account"},
    ),
    Embedded(
        "grafana-cloud",
        re.compile(rb"glc_([A-Za-z0-9+/=_-]{10,2000})$"),
        {"o": "9", "n": "", "k": "", "m": "r"},
        {"o": "organization_id"},
    ),
    Embedded(
        "onepassword",
        re.compile(rb"ops_([A-Za-z0-9+/=_-]{100,4000})$"),
        {
            "signInAddress": "my.1password.com",
            "email": "",
            "deviceUuid": "",
            "srpX": "",
            "muk": "",
            "secretKey": "",
        },
        {"signInAddress": "host"},
        refutes=False,
    ),
    Embedded(
        "grafana-api-key",
        re.compile(rb"([A-Za-z0-9+/=_-]{10,2000})$"),
        {"k": "", "n": "name", "id": 1},
    ),
    Embedded(
        "cloudflare-tunnel",
        re.compile(rb"([A-Za-z0-9+/=_-]{10,2000})$"),
        {"a": "", "t": "", "s": ""},
        {"a": "account_id", "t": "tunnel_id"},
    ),
)

PROOFS: dict[str, ProofSpec] = {
    embedded.name: ProofSpec(embedded.check, embedded.make) for embedded in _FORMATS
}
