"""`leakstream` as real processes that start at once: one process has everything imported and forks for each call.

`python quick_command.py SOCKET` serves until it is ended. `shim()` is the program for the PATH: it hands its words, folder, environment
and open files over, passes signals on, and ends with the status of the call.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path

_SHIM = """\
#!{python} -IS
import array, json, os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
words = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
server.sendmsg([len(words).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
server.sendall(words)
pid = int.from_bytes(server.recv(8), "big")
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: os.kill(pid, number))
sys.exit(int.from_bytes(server.recv(1) or bytes([137]), "big"))
"""


def shim(path: Path, address: Path) -> None:
    """Write the program."""
    path.write_text(_SHIM.format(python=sys.executable, address=str(address)), encoding="utf-8")
    path.chmod(0o755)


def serve(address: str) -> None:
    """Blocks. A line on standard output says that it takes calls."""
    from monitor import app, cli
    from monitor.hardening import die_with_parent

    die_with_parent(signal.SIGKILL)
    cli.build()  # imports every command
    app.sources(), app.notifiers()  # and every plugin
    for module in (
        "app.service",
        "scan.telling",
        "store.engine",
        "store.migrate",
        "privacy.desk",
        "replay.run",
    ):
        importlib.import_module(f"monitor.{module}")
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(16)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            status = _call(connection)
            connection.sendall(bytes([status]))
            os._exit(status)
        connection.close()


def _call(connection: socket.socket) -> int:
    """In the forked process: run the command; its exit status."""
    from monitor import cli

    size, ancillary, *_ = connection.recvmsg(8, socket.CMSG_SPACE(12))
    files = array.array("i")
    files.frombytes(ancillary[0][2])
    words, folder, environment = json.loads(_exactly(connection, int.from_bytes(size, "big")))
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["leakstream", *words]
    connection.sendall(os.getpid().to_bytes(8, "big"))
    try:
        cli.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
        status = 1
    else:
        status = 0
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _exactly(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += connection.recv(size - len(read))
    return read


if __name__ == "__main__":
    serve(sys.argv[1])
