"""A maker of credentials that belong to nobody's format, for tests that need no rules."""

from __future__ import annotations

import random

from monitor.simulator.model import Planted

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def made_up(rng: random.Random) -> Planted:
    """Deterministic from `rng`."""
    secret = ("made_up_" + "".join(rng.choices(ALPHABET, k=24))).encode()
    return Planted("made-up", secret, b"MADE_UP_KEY=" + secret + b"\n")
