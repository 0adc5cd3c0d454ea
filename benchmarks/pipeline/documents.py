"""Documents for the pipeline's benchmark: real code, of one size, some with a fresh credential.

The code is the standard library of the Python that runs this, cut at random: it compresses 3 to 4 times and needs no download. No two
documents that a producer batches are the same.
"""

from __future__ import annotations

import random
import sysconfig
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from detectors import load_rules
from detectors.synthetic import secret_for
from monitor.contracts import Document, Provenance

OWNER: Final = "acme-corp"  # whom the benchmark's configuration watches
_TEXTS: Final = 4000  # distinct ones, used in turn
_LEFT_OUT: Final = frozenset({"test", "tests", "site-packages", "idlelib", "lib2to3"})


def documents(count: int, size: int, *, leak_every: int, seed: int = 1) -> Iterator[Document]:
    """`count` documents of exactly `size` bytes; one of each `leak_every` in a row has a token of its own.

    The first takes a second. Raises ValueError when `size` is more code than there is.
    """
    text, rng = code(), random.Random(seed)
    if len(text) <= size:
        raise ValueError(f"documents of {size} bytes cannot be cut out of {len(text)}")
    rule = load_rules()["github-pat-classic"]
    starts = [rng.randrange(len(text) - size) for _ in range(_TEXTS)]
    for number in range(count):
        start = starts[number % _TEXTS]
        content = text[start : start + size]
        if number % leak_every == leak_every // 2:
            line = b"\ntoken = '" + secret_for(rule, rng) + b"'\n"
            content = content[: -len(line)] + line
        yield _document(number, content, rng)


def _document(number: int, content: bytes, rng: random.Random) -> Document:
    """With metadata as long as a forge's."""
    commit, repository = f"{rng.getrandbits(160):040x}", f"{OWNER}/service-{number % 97}"
    path = f"src/module_{number}.py"
    now = time.time()
    return Document(
        source="ingest",
        id=f"{repository}:{commit}:{path}",
        content=content,
        fetched_at=now,
        published_at=now,
        trace_id=f"{rng.getrandbits(128):032x}",
        blob_sha=f"{rng.getrandbits(160):040x}",
        media_type="text/x-python",
        provenance=Provenance(
            forge="github.com",
            repository=repository,
            owner=OWNER,
            url=f"https://github.com/{repository}/blob/{commit}/{path}",
            commit=commit,
            ref="refs/heads/main",
            path=path,
            author="Somebody",
            author_email="somebody@example.com",
        ),
    )


@cache
def code() -> bytes:
    """Some ten MB of Python. Blocks at the first call."""
    library = Path(sysconfig.get_path("stdlib"))
    files = (
        path for path in sorted(library.rglob("*.py")) if not _LEFT_OUT & set(path.relative_to(library).parts)
    )
    return b"\n".join(path.read_bytes() for path in files)
