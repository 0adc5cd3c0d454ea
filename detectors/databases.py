"""The compiled databases of a rule set, kept on disk: a warm load takes milliseconds, building takes seconds.

A stored file is named after all that shaped it and carries the digest of its own content: one that does not fit is built anew, a
folder that cannot be written costs the time again and is no error. Nothing that only building needs is imported before it is needed.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Final

import hyperscan

from detectors import files
from detectors.ruleset import RuleSet

_FORMAT: Final = b"leakstream-db-1"
# The modules whose code decides on the expressions of a rule set; the nouns they use (model, ruleset, errors) do not.
SHAPERS: Final = (
    "backtracking.py", "behind.py", "boundaries.py", "compiler.py", "context.py", "decoders", "expressions.py", "gates.py", "looks.py", "lowering.py",
    "nearby.py", "syntax.py",
)  # fmt: skip


class Databases:
    """The two databases of a rule set. Thread-safe once both are loaded: they are only read, each scanner has a scratch of its own.

    `first` is loaded at once: milliseconds where `folder` or the wheel has it; what is in neither is built at once, which takes a quarter of
    a minute for all rules on two processors. `second` is loaded at its first use.
    Both raise CompileError naming the rule that Hyperscan refuses.
    """

    def __init__(self, ruleset: RuleSet, folder: Path) -> None:
        self._ruleset = ruleset
        self._folder = folder
        self._name = _digest(ruleset)[:32]
        stored = self._stored("first")
        self.first = self._both() if stored is None else stored
        # somebody else is building both just now: better here than in the middle of a text
        if not files.has(self._file("second"), folder):
            self.second  # noqa: B018 - builds it

    @cached_property
    def second(self) -> hyperscan.Database:
        """What is looked for around the hits of the gates (detectors.gates)."""
        return self._stored("second") or self._built("second")

    def _file(self, look: str) -> str:
        return f"{self._name}-{look}.hsdb"

    def _both(self) -> hyperscan.Database:
        """The first one, and the second built at the same time: before the first text, not in the middle of one. Hyperscan lets others run."""
        from concurrent.futures import ThreadPoolExecutor  # 14 ms that only building costs

        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(lambda: self.second)
            first = self._built("first")
            second.result()
        return first

    def _stored(self, look: str) -> hyperscan.Database | None:
        stored = files.stored(self._file(look), _FORMAT, self._folder)
        if stored is None:
            return None
        try:
            return hyperscan.loadb(stored, hyperscan.HS_MODE_BLOCK)
        except hyperscan.HyperscanError:
            return None  # made by another build of the library: build it anew

    def _built(self, look: str) -> hyperscan.Database:
        from detectors import compiler
        from detectors.decoders import triggers

        if look == "first":
            expressions = compiler.first_look(self._ruleset, triggers(self._ruleset, self._folder))
        else:
            expressions = list(compiler.second_look(self._ruleset))
        db = compiler.build(expressions, self._ruleset.rules)
        files.write_sealed(self._folder / self._file(look), _FORMAT, hyperscan.dumpb(db))
        return db


def _digest(ruleset: RuleSet) -> str:
    """Of all that shapes the database: rules, the code that makes expressions of them, the library."""
    parts = (ruleset.digest, files.code_digest(SHAPERS), getattr(hyperscan, "__version__", ""))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
