"""`python -m benchmarks.ngrams FOLDER …`: count trigrams of names and words in source files, write detectors/ngram_table.py.

Each distinct name counts once, so that no file's habit outweighs a language. What looks like data (long runs of digits, lines over
300 bytes) is left out. The default folder is the standard library of this interpreter.
"""

from __future__ import annotations

import base64
import itertools
import math
import re
import sys
import sysconfig
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.evidence import ROOT

_NAME: Final = re.compile(rb"[A-Za-z_][\w./:-]{2,40}")
_DATA: Final = re.compile(rb"[0-9]{5}|(?:[0-9][A-Za-z]){2}|^[0-9a-f]{8,}$")
_SUFFIXES: Final = {".py", ".c", ".h", ".rst", ".js", ".ts", ".java", ".go", ".yml", ".json", ".md"}
_BACKOFF: Final = 3.0  # weight of the shorter history
_LONGEST_LINE: Final = 300


def main(arguments: Sequence[str] | None = None) -> int:
    folders = [Path(given) for given in (sys.argv[1:] if arguments is None else arguments)]
    names: set[bytes] = set()
    for folder in folders or [Path(sysconfig.get_paths()["stdlib"])]:
        for path in sorted(folder.rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                names.update(_names(path.read_bytes()))
    lines = [f'    "{text}"' for text in _cut(base64.b85encode(_table(names)).decode(), 120)]
    target = ROOT / "detectors" / "ngram_table.py"
    target.write_text(
        '"""Trigram costs, four bits each, packed and compressed: made by `python -m benchmarks.ngrams`, read by detectors.ngrams."""\n\n'
        "from typing import Final\n\nTABLE: Final = (\n" + "\n".join(lines) + "\n)\n"
    )
    return 0


def _names(content: bytes) -> Iterator[bytes]:
    for line in content.splitlines():
        if len(line) <= _LONGEST_LINE:
            yield from (name for name in _NAME.findall(line) if not _DATA.search(name))


def _table(names: set[bytes]) -> bytes:
    from detectors import ngrams

    size = ngrams.SYMBOLS
    three: Counter[tuple[int, int, int]] = Counter()
    two: Counter[tuple[int, int]] = Counter()
    one: Counter[int] = Counter()
    for name in names:
        run = [ngrams.JOIN, *ngrams.symbols(name)]
        three.update(zip(run, run[1:], run[2:], strict=False))
        two.update(itertools.pairwise(run[1:]))
        one.update(run[2:])
    total = sum(one.values())
    before_two: Counter[tuple[int, int]] = Counter()
    before_one: Counter[int] = Counter()
    for (a, b, _), count in three.items():
        before_two[a, b] += count
    for (a, _), count in two.items():
        before_one[a] += count
    levels = []
    for a in range(size):
        for b in range(size):
            for c in range(size):
                single = (one[c] + 1) / (total + size)
                pair = (two[b, c] + _BACKOFF * single) / (before_one[b] + _BACKOFF)
                triple = (three[a, b, c] + _BACKOFF * pair) / (before_two[a, b] + _BACKOFF)
                levels.append(min(ngrams.LEVELS - 1, round(-math.log2(triple) / ngrams.STEP)))
    levels += [0] * (len(levels) % 2)
    packed = bytes(high << 4 | low for high, low in zip(levels[::2], levels[1::2], strict=True))
    return zlib.compress(packed, 9)


def _cut(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]


if __name__ == "__main__":
    sys.exit(main())
