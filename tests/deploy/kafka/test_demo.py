"""`make demo KAFKA=1`: the whole service on a real broker."""

import os
import signal
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "deploy" / "kafka" / "localkafka.py"
MAIN = "import sys; from monitor.cli import main; sys.argv[0] = 'leakstream'; main()"
DEMO = ["demo", "--rate", "40", "--web-port", "0", "--metrics-port", "0"]


def test_the_demo_pages_on_kafka_and_ends() -> None:
    call = [sys.executable, SCRIPT, "--", sys.executable, "-P", "-c", MAIN, *DEMO]
    with subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as demo:
        assert demo.stdout is not None
        told: list[str] = []
        while not told or not told[-1].startswith("page"):
            told.append(demo.stdout.readline())
            assert told[-1], told
        os.killpg(demo.pid, signal.SIGINT)
        rest, errors = demo.communicate(timeout=180)
    assert demo.returncode == 0
    assert told[0].startswith("kafka ")
    assert errors == ""
    assert "leaks were planted" in rest
