"""The broker of the tests: a given one, else a real one started here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localkafka import LocalKafka


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """`host:port` of the broker that LEAKSTREAM_TEST_KAFKA names, else of a fresh one with its data in `folder`."""
    if given := os.environ.get("LEAKSTREAM_TEST_KAFKA"):
        yield given
        return
    with LocalKafka(folder) as kafka:
        yield kafka.bootstrap
