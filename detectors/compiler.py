"""Rules -> one Hyperscan database, kept on disk.

One block-mode database without start-of-match: every rule as its full expression, ended at the minimum length, so that one start
gives one hit. Ids count the rules in their order, then the triggers of the decoders. One more expression that
never reports, the *stride* literal, may be there for speed alone: the literal matcher takes its stride from the shortest
literal of the set, and long strides can be slow (1.4 to 4 times on some sets, nothing on others: both measured), so a
database is built with it and without, and the faster one is kept.

Building takes seconds; a warm load takes milliseconds. A cache file carries the digest of all that shaped it and of its own
content: one that does not fit is built anew, a folder that cannot be written costs the time again and is no error.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import hyperscan

from detectors import boundaries, files
from detectors.context import GAP, name_expression
from detectors.decoders.base import Trigger
from detectors.errors import CompileError
from detectors.expressions import facts
from detectors.model import Kind, Rule
from detectors.ruleset import RuleSet

_STRIDES: Final = (b"", b"\xff")
_SAMPLE_BYTES: Final = 1 << 20
_ROUNDS: Final = 5
_FORMAT: Final = b"leakstream-db-1"
_SHAPERS: Final = ("boundaries.py", "compiler.py", "context.py", "expressions.py", "lowering.py", "syntax.py")


@dataclass(frozen=True, slots=True)
class Expression:
    """What Hyperscan is given."""

    id: int
    text: str
    flags: int


def database(
    ruleset: RuleSet, triggers: Sequence[Trigger], *, cache_dir: Path | None = None
) -> hyperscan.Database:
    """The database with a scratch of its own: load it once a thread. Blocks: milliseconds warm, seconds cold.

    Raises CompileError naming the rule that Hyperscan refuses.
    """
    folder = files.default_cache() if cache_dir is None else cache_dir
    path = folder / f"{_digest(ruleset, triggers)[:32]}.hsdb"
    stored = files.read_sealed(path, _FORMAT)
    if stored is not None:
        try:
            return _ready(hyperscan.loadb(stored, hyperscan.HS_MODE_BLOCK))
        except hyperscan.HyperscanError:
            pass  # made by another build of the library: build it anew
    db = build(expressions_of(ruleset, triggers), ruleset.rules)
    files.write_sealed(path, _FORMAT, hyperscan.dumpb(db))
    return db


def expressions_of(ruleset: RuleSet, triggers: Sequence[Trigger]) -> list[Expression]:
    """Every rule's and trigger's expressions, in the order of their ids."""
    found = [Expression(i, text, flags) for i, rule in enumerate(ruleset.rules) for text, flags in _of(rule)]
    first = len(ruleset.rules)
    for i, trigger in enumerate(triggers):
        found.append(Expression(first + i, trigger.expression, 0))
    return found


def build(expressions: Sequence[Expression], rules: Sequence[Rule] = ()) -> hyperscan.Database:
    """Compile with the fastest stride literal. Raises CompileError."""
    best: hyperscan.Database | None = None
    best_time = 0.0
    sample = _sample()
    for stride in _STRIDES:
        db = _compile(expressions, stride, rules)
        took = _time(db, sample)
        if best is None or took < best_time:
            best, best_time = db, took
    assert best is not None  # _STRIDES is not empty
    return best


def _of(rule: Rule) -> list[tuple[str, int]]:
    known = facts(rule.pattern, caseless=rule.caseless)
    flags = hyperscan.HS_FLAG_CASELESS if rule.caseless else 0
    at_word = boundaries.word_start(known)
    if rule.kind is Kind.CONTEXT:
        return [
            (f"(?i:{name_expression(name)})[^\\n]{{0,{GAP}}}?{at_word}{known.lowered}", flags)
            for name in rule.names
        ]
    if rule.kind is Kind.RECORDS:
        return [(f"^{known.lowered}", flags | hyperscan.HS_FLAG_MULTILINE)]
    if rule.kind is Kind.TOKEN and rule.bounded:
        return [(at_word + known.lowered, flags)]
    return [(known.lowered, flags)]


def _compile(expressions: Sequence[Expression], stride: bytes, rules: Sequence[Rule]) -> hyperscan.Database:
    texts = [e.text.encode("latin-1") for e in expressions]
    ids = [e.id for e in expressions]
    flags = [e.flags for e in expressions]
    if stride or not texts:
        texts.append(b"".join(b"\\x%02x" % byte for byte in stride or b"\xff"))
        ids.append(max(ids, default=-1) + 1)
        flags.append(hyperscan.HS_FLAG_QUIET)
    db = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        db.compile(expressions=texts, ids=ids, flags=flags)
    except hyperscan.HyperscanError as error:
        raise CompileError(_who(expressions, rules) or f"Hyperscan refuses the set: {error}") from error
    return db


def _who(expressions: Sequence[Expression], rules: Sequence[Rule]) -> str:
    """Which single expression is refused."""
    for expression in expressions:
        try:
            hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK).compile(
                expressions=[expression.text.encode("latin-1")], ids=[0], flags=[expression.flags]
            )
        except hyperscan.HyperscanError as error:
            name = rules[expression.id].id if expression.id < len(rules) else "a decoder's trigger"
            return f"{name}: Hyperscan refuses {expression.text!r}: {error}"
    return ""


def _ready(db: hyperscan.Database) -> hyperscan.Database:
    """`loadb` leaves no scratch."""
    db.scratch = hyperscan.Scratch(db)
    return db


def _time(db: hyperscan.Database, sample: bytes) -> float:
    """Best of some scans, CPU seconds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.thread_time()
        db.scan(sample, match_event_handler=_ignore)
        best = min(best, time.thread_time() - began)
    return best


def _ignore(*_: Any) -> None:
    return None


def _sample() -> bytes:
    """Source-like text, the same each time: the package's own modules and rules, shuffled by lines."""
    folder = Path(__file__).parent
    lines = [line for path in sorted(folder.rglob("*.py")) for line in path.read_bytes().splitlines()]
    rng = Random(1)  # noqa: S311 - a sample, not a secret
    text = bytearray()
    while len(text) < _SAMPLE_BYTES:
        text += rng.choice(lines) + b"\n"
    return bytes(text)


def _digest(ruleset: RuleSet, triggers: Sequence[Trigger]) -> str:
    """Of all that shapes the database: rules, triggers, the code that lowers them, the library."""
    parts = (
        ruleset.digest,
        files.code_digest(_SHAPERS),
        importlib.metadata.version("hyperscan"),
        *(f"{t.decoder}\0{t.expression}" for t in triggers),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
