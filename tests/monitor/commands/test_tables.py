"""Tables for people and for programs."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

SCRIPT = """
from monitor.commands.tables import new_table, print_table
table = new_table("id", *"abcdefgh")
table.add_row("0123456789ab", *["words and words" * 3] * 8)
print_table(table, "1 of 1")
"""


@pytest.mark.parametrize("terminal", [False, True])
def test_the_first_column_is_never_cut_and_a_program_gets_every_cell_whole(terminal: bool) -> None:
    reader, writer = pty.openpty() if terminal else os.pipe()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT], stdout=writer, check=True, env=environment, timeout=180
    )
    os.close(writer)
    said = b""
    while chunk := _read(reader):
        said += chunk
    os.close(reader)
    assert b"0123456789ab" in said
    assert b" of " in said
    assert ((b"words and words" * 3) in said) is not terminal


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 1 << 16)
    except OSError:  # the other end of a terminal is gone
        return b""
