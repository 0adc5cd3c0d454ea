"""The command line: in this process, or as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from typer.testing import CliRunner, Result

from monitor import cli

COMMAND = [
    sys.executable,
    "-P",  # the installed one, not the checkout that the tests are started in
    "-c",
    "import sys; from monitor.cli import main; sys.argv[0] = 'leakstream'; main()",
]


def call(*arguments: str, data: bytes = b"") -> Result:
    """In this process. `output` has both streams; what a command raises is in `exception`. Not beside a service of this process: its log
    would go there too.
    """
    return CliRunner().invoke(cli.build(arguments[0]), list(arguments), input=data)


def run(*arguments: str, data: bytes = b"", **more: Any) -> subprocess.CompletedProcess[bytes]:
    """A process of its own."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=data,
        capture_output=True,
        timeout=300,
        check=False,
        **more,
    )
