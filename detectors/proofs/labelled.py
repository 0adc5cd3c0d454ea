"""Tokens that are base64 of a text with a label of its own: Intercom's `tok:`, WorkOS' and Highnote's `key_`."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from random import Random
from typing import Final

from detectors.encodings import unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Base64 behind one of the `prefixes`, of printable text that begins with `label`."""

    name: str
    prefixes: tuple[bytes, ...]
    label: bytes

    def check(self, secret: bytes) -> Proof:
        text = unbase64(self._body(secret)[:_LONGEST]) or b""
        fits = text.startswith(self.label) and text.isascii() and text.decode("ascii").isprintable()
        return Proof(Verdict.UNPROVABLE if fits else Verdict.REFUTED, self.name)

    def make(self, candidate: bytes, rng: Random) -> bytes:
        """As long as the candidate."""
        body = self._body(candidate)
        size = len(body.rstrip(b"=")) * 3 // 4
        text = self.label + rng.randbytes(size).hex().encode()
        return candidate[: len(candidate) - len(body)] + base64.b64encode(text[:size])

    def _body(self, secret: bytes) -> bytes:
        return next((secret[len(p) :] for p in self.prefixes if p and secret.startswith(p)), secret)


_FORMATS: Final = (
    _Labelled("intercom", (), b"tok:"),
    _Labelled("workos", (b"sk_live_", b"sk_test_"), b"key_"),
)

PROOFS: dict[str, ProofSpec] = {form.name: ProofSpec(form.check, form.make) for form in _FORMATS}
