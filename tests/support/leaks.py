"""Credentials of the shipped rules, one after the other, all different."""

from __future__ import annotations

import functools
import random

from detectors import RuleSet, load_rules
from detectors.synthetic import secret_for


@functools.cache
def rules() -> RuleSet:
    return load_rules()


@functools.cache
def leak(number: int, rule: str = "github-pat-classic") -> bytes:
    """The same number, the same secret."""
    return secret_for(rules()[rule], random.Random(f"{rule} {number}"))


def line(number: int) -> bytes:
    return b'token = "' + leak(number) + b'"\n'
