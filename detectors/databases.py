"""The compiled database of a rule set, kept on disk: a warm load takes milliseconds, building takes seconds.

A stored file is named after all that shaped it and carries the digest of its own content: one that does not fit is built anew, a
folder that cannot be written costs the time again and is no error. Nothing that only building needs is imported before it is needed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import hyperscan

from detectors import files
from detectors.ruleset import RuleSet

_FORMAT: Final = b"leakstream-db-1"
# The modules whose code decides on the expressions of a rule set; the nouns they use (model, ruleset, errors) do not.
SHAPERS: Final = (
    "backtracking.py", "behind.py", "boundaries.py", "compiler.py", "context.py", "decoders", "expressions.py", "looks.py", "lowering.py",
    "nearby.py", "syntax.py",
)  # fmt: skip


def database(ruleset: RuleSet, folder: Path) -> hyperscan.Database:
    """The rules' database, decoders' triggers included, with a scratch of its own: load it once a thread. Blocks: milliseconds
    where `folder` or the wheel has it, seconds where not.

    Raises CompileError naming the rule that Hyperscan refuses.
    """
    name = f"{_digest(ruleset)[:32]}.hsdb"
    stored = files.stored(name, _FORMAT, folder)
    if stored is not None:
        try:
            return _ready(hyperscan.loadb(stored, hyperscan.HS_MODE_BLOCK))
        except hyperscan.HyperscanError:
            pass  # made by another build of the library: build it anew
    from detectors import compiler
    from detectors.decoders import triggers

    db = compiler.build(compiler.expressions_of(ruleset, triggers(ruleset, folder)), ruleset.rules)
    files.write_sealed(folder / name, _FORMAT, hyperscan.dumpb(db))
    return db


def _ready(db: hyperscan.Database) -> hyperscan.Database:
    """`loadb` leaves no scratch."""
    db.scratch = hyperscan.Scratch(db)
    return db


def _digest(ruleset: RuleSet) -> str:
    """Of all that shapes the database: rules, the code that makes expressions of them, the library."""
    parts = (ruleset.digest, files.code_digest(SHAPERS), getattr(hyperscan, "__version__", ""))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
