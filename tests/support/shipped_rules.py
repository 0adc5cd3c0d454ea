"""The library's own rules of a few providers, and a scanner for them: smaller than the whole set, so quick to build."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from detectors import RuleSet, Scanner
from detectors.loader import RULES, load_files


@functools.cache
def shipped(*providers: str) -> RuleSet:
    return load_files([RULES / f"{provider}.toml" for provider in sorted(providers)])


@functools.cache
def shipped_scanner(*providers: str) -> Scanner:
    return Scanner(shipped(*providers), cache_dir=Path(tempfile.mkdtemp(prefix="leakstream-rules-")))
