"""Limits of one scan and the account of what it left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

# Why a candidate did not become a finding. A closed set: each is a metric label.
REASONS: Final = frozenset(
    {
        "not_confirmed",  # the exact expression or its boundaries do not hold
        "incomplete",  # a long value that does not end within its cap
        "no_name",
        "name_in_word",  # context: the name is a part of another word
        "other_value",  # context: the text says it is a hash, a commit …
        "syntax",  # context: name and value are joined in no accepted way
        "public",  # everybody has it: an example, an emulator's key, a public client's
        "rejected",  # the rule's own `reject`
        "placeholder",
        "template",
        "repeated",
        "sequence",
        "identifier",
        "low_entropy",
        "common",  # profile: a default, or a word everybody takes for a password
        "word",
        "path",  # a path, a file's name, a host's
        "number",  # also a version, a date
        "other_format",  # a UUID, a digest, a JWT …
        "local_host",  # a weak value on this machine
        "example_host",  # a weak value on a host of documentation
        "unnamed_host",  # a weak value on a word that stands for a host
        "refuted",  # the offline proof fails
        "few_records",
        "overlap",  # a more specific finding has the same bytes
        "alone",  # reported only within a set
        "loud_rule",  # hits beyond the budget's share of one rule
        "decode_budget",
        "container_broken",  # a member that keeps to no format, is encrypted or cut
        "container_budget",  # members beyond the budget
        "own_budget",  # places where an own secret may stand, beyond the budget
    }
)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one document may cost. All limits are per document."""

    hits: int = 10_000  # raw matches; beyond it a second pass gives each rule its share
    loud_hits: int = 500  # of a rule whose hits mean little before they are confirmed
    exact_hits: int = 5_000  # of a provider's own shape: a list of its tokens is no noise
    records: int = 300_000  # hits of a dump that are counted: the lines of a document of 8 MiB
    decoded_bytes: int = 4 * 1024 * 1024
    decoded_runs: int = 500
    depth: int = 5  # encodings and containers within each other
    unpacked_bytes: int = 64 * 1024 * 1024  # of all containers of a document together
    unpacked_growth: int = 8  # bytes out for one byte in, if that is more
    unpacked_ratio: int = 200  # bytes out for one byte in, at most, beside the least
    unpacked_least: int = 1024 * 1024
    unpacked_members: int = 50_000


@dataclass(slots=True)
class ScanStats:
    """What the last call did. `dropped` counts candidates by reason (REASONS), `loud` the hits cut by rule id."""

    hits: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    loud: Counter[str] = field(default_factory=Counter)
