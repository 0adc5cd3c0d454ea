"""Azure's identifiable keys: Marvin32 sums over the key, seeded with the service's name.

Source: microsoft/security-utilities (signatures, seeds, lengths). The sum was recomputed on published keys of Storage,
Redis, Cosmos DB and Service Bus. Seeds of the other services, and the whole list of Service Bus seeds, are documented
only: a sum that fits proves such a key, one that does not says nothing. Only Storage, with one seed and nine of nine keys
recomputed, is refuted.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final

from detectors.encodings import unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_MASK: Final = 0xFFFFFFFF
_BASE66: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ1234567890.-_~"
_TO_URLSAFE: Final = bytes.maketrans(b"+/", b"-_")
_DRAWS: Final = 100  # one in six sums or so holds a character that is neither letter nor digit
_SHARED_ACCESS: Final = (b"Send0000", b"Manage00", b"Listen00")


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK


def _mix(low: int, high: int) -> tuple[int, int]:
    high ^= low
    low = (_rotate(low, 20) + high) & _MASK
    high = _rotate(high, 9) ^ low
    low = (_rotate(low, 27) + high) & _MASK
    return low, _rotate(high, 19)


def marvin(data: bytes, seed: int) -> tuple[int, int]:
    """The two 32-bit halves of Marvin over `data`; their XOR is Marvin32."""
    low, high = seed & _MASK, seed >> 32
    whole = len(data) & ~3
    for offset in range(0, whole, 4):
        low, high = _mix((low + int.from_bytes(data[offset : offset + 4], "little")) & _MASK, high)
    low = (low + int.from_bytes(data[whole:] + b"\x80", "little")) & _MASK
    return _mix(*_mix(low, high))


def marvin32(data: bytes, seed: bytes) -> int:
    """Marvin32 of `data`, the seed being eight ASCII characters read big-endian."""
    low, high = marvin(data, int.from_bytes(seed, "big"))
    return low ^ high


def _body(text: bytes) -> bytes:
    """A key without its padding."""
    return text.partition(b"%")[0].rstrip(b"=")


@dataclass(frozen=True, slots=True)
class Signature:
    """One service's mark: four characters of base64 that end 6 before the end, and the seeds its keys are summed with."""

    name: str
    service: str
    mark: bytes
    seeds: tuple[bytes, ...]
    refutes: bool = False
    urlsafe: bool = False

    def check(self, secret: bytes) -> Proof:
        """The padding may be percent-encoded, as in the address of a function."""
        body = _body(secret)
        raw = unbase64(body)
        if raw is None or len(raw) < 8 or not body[:-6].endswith(self.mark):
            return Proof(Verdict.REFUTED, self.name)
        for seed in self.seeds:
            if raw[-4:] == marvin32(raw[:-4], seed).to_bytes(4, "little"):
                return Proof(Verdict.PROVED, self.name, self._facts(seed))
        verdict = Verdict.REFUTED if self.refutes else Verdict.UNPROVABLE
        return Proof(verdict, self.name, {"service": self.service})

    def make(self, candidate: bytes, rng: Random) -> bytes:
        """Keeps the candidate's alphabet: a key of letters and digits only is drawn again until its sum has no other."""
        body = _body(candidate)
        padding = candidate[len(body) :]
        for _ in range(_DRAWS):
            raw = unbase64(body)
            if raw is None or len(raw) < 8:
                break
            summed = raw[:-4] + marvin32(raw[:-4], rng.choice(self.seeds)).to_bytes(4, "little")
            made = base64.b64encode(summed).rstrip(b"=")
            if self.urlsafe:
                made = made.translate(_TO_URLSAFE)
            if made.isalnum() or not body.isalnum():
                return made + padding
            body = bytes((rng.choice(_BASE66[:26]),)) + body[1:]
        return candidate

    def _facts(self, seed: bytes) -> Mapping[str, str]:
        return {"service": self.service, "key_kind": seed.decode("ascii").rstrip("0")}


_SIGNATURES: Final = (
    Signature("azure-storage", "Storage", b"+ASt", (b"Default0",), refutes=True),
    Signature("azure-cosmos", "Cosmos DB", b"ACDb", (b"MastRW00", b"MastRO00")),
    Signature("azure-redis", "Cache for Redis", b"AzCa", (b"Access00",)),
    Signature("azure-service-bus", "Service Bus", b"+ASb", _SHARED_ACCESS),
    Signature("azure-event-hub", "Event Hubs", b"+AEh", _SHARED_ACCESS),
    Signature("azure-relay", "Relay", b"+ARm", _SHARED_ACCESS),
    Signature("azure-batch", "Batch", b"+ABa", (b"AbAcct00",)),
    Signature("azure-function", "Functions", b"AzFu", (b"Functi00", b"System00", b"Master00"), urlsafe=True),
    Signature("azure-search", "AI Search", b"AzSe", (b"Query000", b"PAdmin00")),
    Signature("azure-iot", "IoT Hub", b"AIoT", (b"IoTHub00", b"DpsKey00", b"Device00")),
    Signature(
        "azure-api-management",
        "API Management",
        b"APIM",
        (b"Tenant00", b"IoTHub00", b"Gatewy00", b"GitKey00"),
    ),
    Signature("azure-ml-classic", "Machine Learning (classic)", b"+AMC", (b"Classic0",)),
    Signature("azure-container-registry", "Container Registry", b"+ACR", (b"ACRDflt0",)),
)


_ENTRA: Final = MappingProxyType({"service": "Microsoft Entra ID"})


def _entra_tail(head: bytes) -> bytes:
    """The first three of six base-66 digits, most significant first, of the sum of the 37 characters before."""
    return bytes(_BASE66[marvin32(head, b"AadPwd00") // 66**power % 66] for power in (5, 4, 3))


def _entra_check(secret: bytes) -> Proof:
    """Only the vendor's own vector is known to fit, so a sum that does not fit leaves the secret unproved."""
    if len(secret) == 40 and secret[3:6] == b"8Q~" and secret[37:] == _entra_tail(secret[:37]):
        return Proof(Verdict.PROVED, "entra-secret", _ENTRA)
    return Proof(Verdict.UNPROVABLE, "entra-secret", _ENTRA)


def _entra_make(candidate: bytes, _rng: Random) -> bytes:
    if len(candidate) == 40 and candidate[3:6] == b"8Q~":
        return candidate[:37] + _entra_tail(candidate[:37])
    return candidate


# The four characters before the sum of a common annotated security key name the service.
_CASK_PROVIDERS: Final = {
    b"ACOG": "Azure AI services", b"AZDO": "Azure DevOps", b"AZMP": "Azure Maps", b"AZEG": "Event Grid",
    b"AZCS": "Communication Services", b"AZFR": "Fluid Relay", b"AZMR": "Mixed Reality", b"AZAC": "App Configuration",
    b"msql": "SQL Database",
}  # fmt: skip


def _cask_check(secret: bytes) -> Proof:
    """The sum is unconfirmed, so nothing is proved; year, month and provider stand in clear."""
    facts = {"service": _CASK_PROVIDERS.get(secret[76:80], "")}
    if secret[58:59].isalpha() and secret[59:60] in b"ABCDEFGHIJKL" and len(secret) >= 80:
        facts["created"] = f"{2024 + secret[58] - ord('A')}-{secret[59] - ord('A') + 1:02}"
    return Proof(Verdict.UNPROVABLE, "azure-cask", {key: value for key, value in facts.items() if value})


def _cask_make(candidate: bytes, rng: Random) -> bytes:
    return candidate[:58] + bytes((rng.choice(b"ABC"), rng.choice(b"ABCDEFGHIJKL"))) + candidate[60:]


PROOFS: dict[str, ProofSpec] = {
    **{signature.name: ProofSpec(signature.check, signature.make) for signature in _SIGNATURES},
    "entra-secret": ProofSpec(_entra_check, _entra_make),
    "azure-cask": ProofSpec(_cask_check, _cask_make),
}
