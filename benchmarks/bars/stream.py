"""Documents as public commits bring them, written for the ingest source beforehand: feeding a thousand a second costs next to nothing.

Sizes are log-normal, as those of files and diffs are: most are small, a few are long, the mean is what a bar asks for. The text is real
code (`benchmarks.pipeline.documents`) in which the engine finds nothing; a document with a leak has one fresh token.
"""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Final

import orjson

from benchmarks.pipeline.documents import code
from detectors import Scanner, load_rules
from detectors.synthetic import secret_for
from monitor.identity import blob_sha

OWNER: Final = "acme-corp"  # whom the bar's configuration watches
_TEXTS: Final = 8192  # distinct ones, used in turn
_SPREAD: Final = (
    1.0  # sigma of the logarithm: the median is 0.6 of the mean, one in a hundred 6 times the mean
)
_LEAST, _MOST = 128, 256 * 1024  # bytes


class Stream:
    """Document after document by its number: the same number gives the same line. For one task."""

    def __init__(
        self, *, leak_every: int, cache_dir: Path, mean_bytes: int = 2048, seed: int = 1, watched: bool = True
    ) -> None:
        """One of each `leak_every` documents in a row has a leak; `watched`: in a repository of OWNER. Blocks for seconds."""
        self._leak_every = leak_every
        self._seed = seed
        self._owner = OWNER if watched else "somebody-else"
        rules = load_rules()
        self._rule = rules["github-pat-classic"]
        self._texts = _texts(Scanner(rules, cache_dir=cache_dir), mean_bytes, random.Random(seed))
        self._sizes = [len(text) for text in self._texts]
        self._rests = [
            _rest(text, "somebody-else", f"service-{number % 997}", f"src/module_{number}.py")
            for number, text in enumerate(self._texts)
        ]

    def is_leak(self, number: int) -> bool:
        return number % self._leak_every == self._leak_every // 2

    @staticmethod
    def path(number: int) -> str:
        """Where a document with a leak stands: no other's, and neither is its repository."""
        return f"src/leak_{number}.py"

    def size(self, number: int) -> int:
        """Bytes of its content."""
        return self._sizes[number % _TEXTS]

    def line(self, number: int) -> bytes:
        """One line of the body of POST /ingest/v1/documents."""
        rest = self._leak(number) if self.is_leak(number) else self._rests[number % _TEXTS]
        return b'{"id":"%d",' % number + rest

    def leaks(self, count: int) -> list[int]:
        """Which of the first `count` documents have one."""
        return list(range(self._leak_every // 2, count, self._leak_every))

    def _leak(self, number: int) -> bytes:
        text = self._texts[number % _TEXTS]
        secret = secret_for(self._rule, random.Random(f"{self._seed} {number}"))
        line = b"\ntoken = '" + secret + b"'\n"
        return _rest(text[: -len(line)] + line, self._owner, f"leak-{number}", self.path(number))


def _texts(scanner: Scanner, mean: int, rng: random.Random) -> list[bytes]:
    text, middle = code(), math.log(mean) - _SPREAD**2 / 2
    found: list[bytes] = []
    while len(found) < _TEXTS:
        size = int(min(max(rng.lognormvariate(middle, _SPREAD), _LEAST), _MOST))
        start = rng.randrange(len(text) - size)
        # what is cut may not break a character: the ingest source is sent text
        piece = text[start : start + size].decode("ascii", "replace").replace("\ufffd", "?").encode()
        if not scanner.scan(piece):
            found.append(piece)
    return found


def _rest(content: bytes, owner: str, repository: str, path: str) -> bytes:
    """A line from behind its id on, with metadata as long as a forge's."""
    sha, name = blob_sha(content), f"{owner}/{repository}"
    fields = {
        "forge": "github.com",
        "repository": name,
        "owner": owner,
        "url": f"https://github.com/{name}/blob/{sha}/{path}",
        "commit": sha,
        "ref": "refs/heads/main",
        "path": path,
        "author": "Somebody",
        "author_email": "somebody@example.com",
        "media_type": "text/x-python",
        "content": content.decode(),
    }
    return orjson.dumps(fields)[1:]
