"""X (Twitter): what its tokens say when decoded.

OAuth 2.0 tokens are base64url of `<random>:<issue time in ms>:1:<n>:<kind>:1`, client ids of `<20 characters>:1:ci`; an
app-only bearer is base64 of 16 zero bytes, the app id (64 bits, little-endian) and 20 bytes, followed by 30-60 more
characters. The first two are published samples decoded, the third holds for the bearers of the official clients. No sum
is inside, so nothing is proved, but a value that decodes to something else is refuted.
"""

from __future__ import annotations

import base64
import re
from random import Random
from typing import Final
from urllib.parse import unquote_to_bytes

from detectors.encodings import base64url, instant, unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_LONGEST: Final = 400
_OAUTH2: Final = re.compile(rb"[!-~]{20,90}:([0-9]{13}):1:[01]:(at|rt|ac):1")
_KINDS: Final = {b"at": "access", b"rt": "refresh", b"ac": "authorization code"}
_FIRST_MS: Final = 1_600_000_000_000  # September 2020, before OAuth 2.0 was opened
_LAST_MS: Final = 2_500_000_000_000  # 2049
_CLIENT: Final = re.compile(rb"[!-~]{10,40}:1:ci")
_BEARER: Final = re.compile(rb"([A-Za-z0-9+/]{59}=)[A-Za-z0-9]{30,60}")


def _oauth2_check(secret: bytes) -> Proof:
    found = _OAUTH2.fullmatch(unbase64(secret[:_LONGEST]) or b"")
    if found is None or not _FIRST_MS <= int(found[1]) <= _LAST_MS:
        return Proof(Verdict.REFUTED, "twitter-oauth2")
    facts = {"issued_at": instant(int(found[1]) // 1000), "token_kind": _KINDS[found[2]]}
    return Proof(Verdict.UNPROVABLE, "twitter-oauth2", facts)


def _oauth2_make(candidate: bytes, rng: Random) -> bytes:
    kind = next((kind for kind in _KINDS if candidate.endswith(base64url(b":%s:1" % kind))), b"at")
    issued = rng.randrange(1_640_000_000_000, 1_790_000_000_000)
    return base64url(b"%s:%d:1:1:%s:1" % (base64url(rng.randbytes(34))[:45], issued, kind))


def _client_check(secret: bytes) -> Proof:
    decoded = unbase64(secret[:_LONGEST]) or b""
    verdict = Verdict.UNPROVABLE if _CLIENT.fullmatch(decoded) else Verdict.REFUTED
    return Proof(verdict, "twitter-client-id")


def _client_make(_candidate: bytes, rng: Random) -> bytes:
    return base64url(base64url(rng.randbytes(15)) + b":1:ci")


def _bearer_check(secret: bytes) -> Proof:
    found = _BEARER.fullmatch(unquote_to_bytes(secret[:_LONGEST]))
    raw = unbase64(found[1]) if found else None
    if raw is None or any(raw[:16]):
        return Proof(Verdict.REFUTED, "twitter-bearer")
    return Proof(Verdict.UNPROVABLE, "twitter-bearer", {"app_id": str(int.from_bytes(raw[16:24], "little"))})


def _bearer_make(candidate: bytes, rng: Random) -> bytes:
    tail = re.search(rb"[A-Za-z0-9]{30,60}$", candidate)
    app_id = rng.randrange(1_000_000, 40_000_000).to_bytes(8, "little")
    head = base64.b64encode(bytes(16) + app_id + rng.randbytes(20))
    if b"%" in candidate:
        head = head.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")
    return head + (tail[0] if tail else base64.b32encode(rng.randbytes(30)))


PROOFS: dict[str, ProofSpec] = {
    "twitter-oauth2": ProofSpec(_oauth2_check, _oauth2_make),
    "twitter-client-id": ProofSpec(_client_check, _client_make),
    "twitter-bearer": ProofSpec(_bearer_check, _bearer_make),
}
