"""Between a confirmed value and a finding: what drops it, each with a reason out of a closed set (detectors.stats.REASONS)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from detectors import expressions, hosts, likeness, profiles
from detectors.dummies import body, dummy
from detectors.model import Kind, Rule

_RUNS: Final = re.compile(rb"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]+")
_WORD_SHAPE: Final = re.compile(
    rb"(?:[bcdfghjklmnpqrstvwxz]{0,3}+[aeiouy]{1,3}+)++[bcdfghjklmnpqrstvwxz]{0,3}"
)
_YEAR: Final = re.compile(rb"(?:19|20)[0-9]{2}")
_HEX: Final = re.compile(rb"[0-9a-f]+|[0-9A-F]+")
_SHORTEST_WORD: Final = 3
_HUMAN_LENGTH: Final = 24  # longer values are not typed from memory
_WEAK: Final = 40.0  # bits; what is easier to guess says nothing on a host that is nobody's


def reason(rule: Rule, secret: bytes, scope: bytes = b"") -> str:
    """Why the value is dropped before any proof; "" when it is kept. `scope`: `user@host` of a structure, b"" when it names neither."""
    return next(filter(None, _reasons(rule, secret, scope)), "")


def _reasons(rule: Rule, secret: bytes, scope: bytes) -> Iterator[str]:
    """What each filter says, the cheap and the certain first."""
    yield "rejected" if rule.reject and _rejected(rule.reject, secret) else ""
    yield dummy(rule, secret) if rule.placeholders else ""
    yield profiles.unlike(rule.profile, secret) if rule.profile else ""
    bare = rule.kind is Kind.CONTEXT and rule.placeholders and not rule.profile
    yield likeness.written(secret) if bare else ""
    drawn = rule.placeholders and not rule.profile and rule.kind in (Kind.CONTEXT, Kind.TOKEN)
    yield likeness.of_one_case(body(rule, secret), _alphabet(rule)) if drawn else ""
    yield "low_entropy" if rule.entropy and entropy(secret) < rule.entropy else ""
    host = hosts.nobodys(scope.rpartition(b"@")[2])
    yield host if host and _weak(rule, secret) else ""


def _weak(rule: Rule, secret: bytes) -> bool:
    return profiles.common(secret) or estimate_bits(secret, rule) < _WEAK


def _alphabet(rule: Rule) -> frozenset[int]:
    return expressions.facts(rule.pattern, caseless=rule.caseless).alphabet


def _rejected(reject: tuple[str, ...], secret: bytes) -> bool:
    return any(expression.search(secret) for expression in _compiled(reject))


@lru_cache(maxsize=1024)
def _compiled(texts: tuple[str, ...]) -> tuple[re.Pattern[bytes], ...]:
    return tuple(re.compile(text.encode("latin-1")) for text in texts)


def entropy(text: bytes) -> float:
    """Shannon entropy, bits a byte; 0.0 for an empty text."""
    size = len(text)
    if not size:
        return 0.0
    return math.log2(size) - sum(n * math.log2(n) for n in Counter(text).values()) / size


def estimate_bits(secret: bytes, rule: Rule) -> float:
    """How many bits guessing the value takes, roughly: whether its identity may stand without its scope hangs on it.

    By the value alone and by what never changes of a rule (its provider), so that editing a rule moves no identity: generated values
    count their alphabet and length, passwords (generic rules, URLs) what a guesser of words, years and endings needs.
    """
    generated = _generated_bits(secret)
    human = rule.kind in (Kind.STRUCTURE, Kind.RECORDS) or rule.provider == "generic"
    if human and len(secret) <= _HUMAN_LENGTH:
        return min(generated, sum(_guess_bits(run) for run in _RUNS.findall(secret)))
    return generated


def _generated_bits(secret: bytes) -> float:
    """Length x bits a byte of the smallest usual alphabet that holds the value; never more than its own variety allows."""
    if not secret:
        return 0.0
    if _HEX.fullmatch(secret):
        size = 10 if secret.isdigit() else 16
    else:
        size = sum(
            width
            for width, pattern in ((26, rb"[a-z]"), (26, rb"[A-Z]"), (10, rb"[0-9]"), (8, rb"[^A-Za-z0-9]"))
            if re.search(pattern, secret)
        )
    return min(len(secret) * math.log2(size), (entropy(secret) + 1.5) * len(secret))


def _guess_bits(run: bytes) -> float:
    """What one run of letters, digits or signs adds to a guess."""
    if run.isdigit():
        return 6.0 if _YEAR.fullmatch(run) else 3.3 * len(run) if len(run) > 4 else 2.5 * len(run)
    if not run.isalpha() or not run.isascii():
        return 4.0 * len(run)
    if len(run) >= _SHORTEST_WORD and _WORD_SHAPE.fullmatch(run.lower()):
        capital = 1.0 if run[:1].isupper() else 0.0
        return min(2.2 * len(run), 6.0 + 1.3 * len(run)) + capital
    return (4.7 if run.islower() or run.isupper() else 5.7) * len(run)
