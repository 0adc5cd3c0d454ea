"""Bot tokens that begin with the bot's id: Discord and Telegram."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from detectors.encodings import base64url, instant, unbase64
from detectors.model import Proof, Verdict
from detectors.proofs import ProofSpec

_DISCORD_EPOCH: Final = (
    1_420_070_400  # 2015-01-01: snowflakes count milliseconds from here in their upper 42 bits
)
_SNOWFLAKE: Final = re.compile(rb"[0-9]{17,20}")
_TELEGRAM: Final = re.compile(rb"(?:bot)?([0-9]{8,10}):AA[A-Za-z0-9_-]{33}")


def _discord_check(secret: bytes) -> Proof:
    """The first segment is the user id in base64."""
    user = unbase64(secret[:64].partition(b".")[0]) or b""
    if not _SNOWFLAKE.fullmatch(user) or int(user) >= 1 << 64:
        return Proof(Verdict.REFUTED, "discord")
    created = instant(_DISCORD_EPOCH + (int(user) >> 22) // 1000)
    return Proof(Verdict.UNPROVABLE, "discord", {"user_id": user.decode(), "account_created": created})


def _discord_make(candidate: bytes, rng: Random) -> bytes:
    """Ids of 17 or 18 digits fill 23-24 characters of base64, those of 19 fill 26."""
    first, dot, rest = candidate.partition(b".")
    digits = 19 if len(first) > 24 else 18
    user = str(rng.randrange(10 ** (digits - 1), 13 * 10 ** (digits - 2))).encode()
    return base64url(user) + dot + rest


def _telegram_check(secret: bytes) -> Proof:
    found = _TELEGRAM.fullmatch(secret)
    if found is None:
        return Proof(Verdict.REFUTED, "telegram")
    return Proof(Verdict.UNPROVABLE, "telegram", {"bot_id": found[1].decode()})


def _telegram_make(candidate: bytes, _rng: Random) -> bytes:
    return candidate


PROOFS: dict[str, ProofSpec] = {
    "discord": ProofSpec(_discord_check, _discord_make),
    "telegram": ProofSpec(_telegram_check, _telegram_make),
}
