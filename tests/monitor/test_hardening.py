"""Limits that a process sets for itself, tried in processes of their own."""

from __future__ import annotations

import subprocess
import sys


def outcome(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=180, check=False
    )


def test_no_core_is_dumped_and_nobody_of_the_same_user_may_look() -> None:
    done = outcome(
        "import ctypes, resource; from monitor import hardening; hardening.no_core_dumps();"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    assert done.stdout == "(0, 0) 0\n"


def test_memory_beyond_the_limit_is_refused_and_within_it_given() -> None:
    done = outcome(
        "from monitor import hardening; hardening.limit_memory(64 * 1024**2); bytearray(16 * 1024**2); print('given')\n"
        "try:\n bytearray(128 * 1024**2)\nexcept MemoryError:\n print('refused')"
    )
    assert done.stdout == "given\nrefused\n"


def test_a_limit_that_is_lower_already_stays() -> None:
    done = outcome(
        "import resource; from monitor import hardening; hardening.limit_memory(1 << 40)\n"
        "before = resource.getrlimit(resource.RLIMIT_AS); hardening.limit_memory(1 << 41)\n"
        "print(before == resource.getrlimit(resource.RLIMIT_AS))"
    )
    assert done.stdout == "True\n"


def test_it_ends_with_its_parent() -> None:
    child = (
        "import signal, sys, time; from monitor import hardening; hardening.die_with_parent(signal.SIGKILL);"
        "print('ready', flush=True); time.sleep(60)"
    )
    done = outcome(
        "import os, signal, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-P', '-c', {child!r}], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\nprint(child.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    pid = int(done.stdout)
    # the pipe that `outcome` reads is the parent's; what is left is that the child goes as well
    waited = outcome(
        "import os, sys, time\n"
        "for _ in range(500):\n"
        "    try:\n"
        f"        state = open('/proc/{pid}/stat').read().rpartition(')')[2].split()[0]\n"
        "    except FileNotFoundError:\n        break\n"
        "    if state == 'Z':\n        break\n"
        "    time.sleep(0.01)\nelse:\n    sys.exit(1)"
    )
    assert waited.returncode == 0
