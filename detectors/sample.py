"""Text like source code for measuring rules where no tree is at hand: assignments, calls, prose, digests and encoded data, made from
the words that names in code consist of and from the rules' own names.

It is no tree of real code: it says which rule is much louder than others, not how fast a scan of a project will be.
"""

from __future__ import annotations

import base64
import re
from random import Random
from typing import Final

from detectors.ruleset import RuleSet
from detectors.words import COMMON

DOCUMENT: Final = 16_384  # bytes of one made document
_NAMES: Final = 0.002  # of the words are a name of a rule
_PLACES: Final = re.compile("@[WNCDHB]")
_LINES: Final = (
    "    # @W @W @W @W @W @W @W @W",
    " * @W @W @W, @W @W @W.",
    '    @N = self.@N(@N, "@W @W")',
    "  const @C = await @C.@C(@C, @D);",
    "    if @N.@N == @D:",
    '  "@C": "@W-@D.@D",',
    "import { @C } from '@W/@W';",
    '  @N: "sha256:@H"',
    "static const struct @N *@N(void *@N, int @N);",
    "}",
    "@B",
)


def made(rules: RuleSet, *, size: int = 4_000_000, seed: int = 1) -> list[bytes]:
    """About `size` bytes in documents. The same rules and seed give the same text. Blocks: a second for the default size."""
    rng = Random(seed)  # noqa: S311 - a sample, not a secret
    words = sorted(word.decode() for word in COMMON)
    names = sorted({name.rstrip("&").replace(".", "_") for rule in rules.rules for name in rule.names})
    documents: list[bytes] = []
    for _ in range(0, size, DOCUMENT):
        lines: list[str] = []
        length = 0
        while length < DOCUMENT:
            lines.append(_line(rng, words, names))
            length += len(lines[-1]) + 1
        documents.append("\n".join(lines).encode())
    return documents


def _line(rng: Random, words: list[str], names: list[str]) -> str:
    def word() -> str:
        return rng.choice(names) if names and rng.random() < _NAMES else rng.choice(words)

    def place(found: re.Match[str]) -> str:
        match found[0]:
            case "@W":
                return word()
            case "@N":
                return "_".join(word() for _ in range(rng.randint(1, 3)))
            case "@C":
                return word() + "".join(word().capitalize() for _ in range(rng.randint(0, 2)))
            case "@D":
                return str(rng.randrange(10_000))
            case "@H":
                return rng.randbytes(32).hex()
        return base64.b64encode(rng.randbytes(45)).decode()

    return _PLACES.sub(place, rng.choice(_LINES))
