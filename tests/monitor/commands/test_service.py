"""`leakstream run` and `demo` as processes: they start, answer and end when they are told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from whole_service import configure

MAIN = "import sys; from monitor.cli import main; sys.argv[0] = 'leakstream'; main()"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_service_in_order(tmp_path: Path, number: signal.Signals) -> None:
    config = configure(tmp_path, "")
    with subprocess.Popen(
        [sys.executable, "-P", "-c", MAIN, "run", "--config", str(config)], stderr=subprocess.PIPE, text=True
    ) as service:
        assert service.stderr is not None
        lines = []
        while not lines or '"event":"running"' not in lines[-1].replace(" ", ""):
            lines.append(service.stderr.readline())
            assert lines[-1], lines
        service.send_signal(number)
        rest = service.stderr.read()
        assert service.wait(20) == 0
    assert "Traceback" not in rest
    assert not list((tmp_path / "state").rglob("*-wal"))


def test_the_demo_pages_and_ends() -> None:
    call = [
        sys.executable,
        "-P",
        "-c",
        MAIN,
        "demo",
        "--rate",
        "100",
        "--web-port",
        "0",
        "--metrics-port",
        "0",
    ]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        told: list[str] = []
        while not told or not told[-1].startswith("page"):
            told.append(demo.stdout.readline())
            assert told[-1], told
        demo.send_signal(signal.SIGINT)
        rest, errors = demo.communicate(timeout=30)
    assert demo.returncode == 0
    assert "Traceback" not in errors
    assert "leaks were planted" in rest
