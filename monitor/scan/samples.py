"""What a project shows and tries: weak passwords in its tests, examples and documentation.

They are no leaks but by chance, and many: a scan counts them and tells of them on request (`--samples`). Only what a person may have typed
counts (a value that can be guessed, of no provider's own shape), and what is stored of one (a hash, an encrypted value); a token, a key or a
generated password in a test is told like any other. A folder's name counts below the root of a project only: a heap of files called `samples` is
none. Only a scan looks at paths, where somebody looks through his own files: the service never does, since whoever leaks could choose them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Final

from detectors import Finding
from detectors.filters import estimate_bits
from detectors.model import Verdict
from detectors.overlaps import NOBODYS
from monitor.identity import WEAK_BELOW_BITS

_PASSWORDS: Final = frozenset({"login", "credential", "quoted", "password", "prose"})  # detectors.profiles
_STORED: Final = frozenset({"password-hash", "encrypted-secret", "reversible-secret"})  # Rule.credential
_TYPED: Final = frozenset({"password", "snmp-community"})
_FOLDER: Final = re.compile(
    r"(?:__)?(?:unit|integration|functional|system|e2e|regression|acceptance)?[_-]?tests?(?:__)?|t|e2e|testing|test[_.-].{1,60}|.{1,60}[_-]tests?|"
    r"test-?data|fixtures?|specs?|(?:__)?mocks?(?:__)?|cassettes|molecule|docs?|docsite|documentation|examples?|samples?|demos?|tutorials?|howto",
    re.IGNORECASE,
)
_FILE: Final = re.compile(
    r"(?:test_|conftest\.).{1,100}|.{1,100}(?:[_.-]tests?|[_.-]spec)\.[a-z]{1,4}", re.IGNORECASE
)
_PROJECT: Final = re.compile(
    r"pkg-info|pyproject\.toml|setup\.(?:py|cfg)|package\.json|go\.mod|cargo\.toml|pom\.xml|build\.gradle(?:\.kts)?|composer\.json|gemfile|"
    r".{1,60}\.(?:gemspec|sln|csproj|cabal)|galaxy\.yml|mix\.exs|cmakelists\.txt|meson\.build|configure\.ac|package\.swift",
    re.IGNORECASE,
)
# `password: value` as a whole line: no code of Python, but a text inside it.
_YAML_BEFORE: Final = re.compile(rb"[ \t#]*(?:- )?[A-Za-z_][\w.-]{0,60}:[ \t]{1,8}[\"']?")
_YAML_BEHIND: Final = re.compile(rb"[\"']?[ \t]{0,8}(?:\r?\n|\Z)")
_LINE: Final = 400


class Samples:
    """Tells what of a tree is a sample. Reads the folders above a file once each. For one thread."""

    def __init__(self, root: Path) -> None:
        """`root`: the absolute path of the scanned folder. What stands above it says nothing."""
        self._root = root
        self._is_project = lru_cache(maxsize=4096)(_is_project)

    def has(self, path: str, content: bytes, finding: Finding) -> bool:
        """Whether the finding in the file at the absolute `path` is one."""
        file = Path(path)
        if not _guessable(finding) or not file.is_relative_to(self._root):
            return False
        below = file.relative_to(self._root)
        if file.suffix == ".py" and _in_a_text(content, finding):
            above = len(below.parts) - 1
        else:
            above = _above_the_samples(below)
        return any(self._is_project(self._root.joinpath(*below.parts[:depth])) for depth in range(above + 1))


def _guessable(finding: Finding) -> bool:
    rule = finding.rule
    if finding.proof.verdict is Verdict.PROVED or finding.set_id:
        return False
    if rule.provider == "password-hash" or rule.credential in _STORED:
        return True
    typed = rule.provider in NOBODYS or rule.profile in _PASSWORDS or rule.credential in _TYPED
    return typed and estimate_bits(finding.secret, rule) < WEAK_BELOW_BITS


def _above_the_samples(path: PurePath) -> int:
    """How many folders of the path stand above the last one of tests or documentation, or above a file of tests; -1 where there is none."""
    *folders, name = path.parts
    if _FILE.fullmatch(name):
        return len(folders)
    return max((at for at, folder in enumerate(folders) if _FOLDER.fullmatch(folder)), default=-1)


def _in_a_text(content: bytes, finding: Finding) -> bool:
    line = content.rfind(b"\n", max(0, finding.start - _LINE), finding.start) + 1
    before = _YAML_BEFORE.fullmatch(content[line : finding.start]) if finding.start - line < _LINE else None
    return before is not None and _YAML_BEHIND.match(content, finding.end) is not None


def _is_project(folder: Path) -> bool:
    """It has a file that only the root of a project has."""
    try:
        return any(_PROJECT.fullmatch(entry.name) for entry in folder.iterdir())
    except OSError:
        return False
