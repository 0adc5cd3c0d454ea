"""Tokens that end in a CRC-32 of themselves. Each row states what is hashed and how the sum is written.

Sources: GitHub's and npm's announcements of their token formats, GitLab's "Routable tokens", the token modules of Polar,
Thunderstore and Synapse; the others recomputed on published sample values.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from detectors.encodings import BASE36, BASE62, in_digits, unbase64
from detectors.model import NO_FACTS, Proof, Verdict
from detectors.proofs import ProofSpec


def _no_facts(_head: bytes) -> Mapping[str, str]:
    return NO_FACTS


@dataclass(frozen=True, slots=True)
class Tail:
    """A value whose last `width` bytes are `render(crc32(hashed(everything before)))`."""

    name: str
    width: int
    hashed: Callable[[bytes], bytes]
    render: Callable[[int], bytes]
    facts: Callable[[bytes], Mapping[str, str]] = _no_facts

    def check(self, secret: bytes) -> Proof:
        head = secret[: -self.width]
        if not head or secret != head + self._tail(head):
            return Proof(Verdict.REFUTED, self.name)
        return Proof(Verdict.PROVED, self.name, self.facts(head))

    def make(self, candidate: bytes, _rng: Random) -> bytes:
        head = candidate[: -self.width]
        return head + self._tail(head)

    def _tail(self, head: bytes) -> bytes:
        return self.render(zlib.crc32(self.hashed(head)))


def _whole(head: bytes) -> bytes:
    return head


def _after_prefix(head: bytes) -> bytes:
    """What follows the first `_`: the prefix is not hashed, the body may have `_` of its own."""
    return head.partition(b"_")[2]


def _last_segment(head: bytes) -> bytes:
    """What follows the last `_`: the prefix has several words."""
    return head.rpartition(b"_")[2]


def _without_underscore(head: bytes) -> bytes:
    """All but the `_` right before the sum: the prefix is hashed."""
    return head.removesuffix(b"_")


def _base62(number: int) -> bytes:
    return in_digits(number, BASE62, 6)


def _base36(number: int) -> bytes:
    return in_digits(number, BASE36, 7)


def _hex(number: int) -> bytes:
    return b"%08x" % number


def _upper_hex(number: int) -> bytes:
    return b"%08X" % number


def _swapped_hex(number: int) -> bytes:
    return number.to_bytes(4, "little").hex().encode()


def _swapped_base64(number: int) -> bytes:
    return base64.b64encode(number.to_bytes(4, "little"))[:6]


_ROUTING: Final = re.compile(rb"^([a-z]):([0-9a-z]{1,13})$", re.MULTILINE)
_ROUTING_NAMES: Final = {
    b"o": "organization",
    b"u": "user_id",
    b"g": "group_id",
    b"p": "project_id",
    b"c": "cell",
}


def _gitlab_routing(head: bytes) -> Mapping[str, str]:
    """`key:base36` lines at the start of the payload name the instance's objects the token belongs to."""
    payload = unbase64(head.partition(b"-")[2].partition(b".")[0]) or b""
    return {
        _ROUTING_NAMES[key]: str(int(value, 36))
        for key, value in _ROUTING.findall(payload[:200])
        if key in _ROUTING_NAMES
    }


_TAILS: Final = (
    # GitHub ghp_ gho_ ghu_ ghr_, npm_, Vercel vcp_ and its kin, Thunderstore tss_
    Tail("crc32-base62", 6, _after_prefix, _base62),
    # polar_<kind>_<37><sum>
    Tail("polar", 6, _last_segment, _base62),
    # syt_<user>_<20 letters>_<sum>
    Tail("synapse", 6, _without_underscore, _base62),
    Tail("gitlab-routable", 7, _whole, _base36, _gitlab_routing),
    # glsa_<32>_<sum>
    Tail("grafana", 8, _without_underscore, _swapped_hex),
    Tail("atlassian", 8, _whole, _upper_hex),
    Tail("cloudflare", 8, _after_prefix, _hex),
    # cflt<54><sum>
    Tail("confluent", 6, lambda head: head[4:], _swapped_base64),
    # zpka_<32>_<sum>
    Tail("zuplo", 8, lambda head: _after_prefix(_without_underscore(head)), _hex),
)

PROOFS: dict[str, ProofSpec] = {tail.name: ProofSpec(tail.check, tail.make) for tail in _TAILS}
