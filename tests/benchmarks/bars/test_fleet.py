import os
import signal
import subprocess
import sys

from benchmarks.bars.fleet import children, free_ports, peak_bytes, running


def test_a_child_is_seen_measured_and_gone():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in children(os.getpid())
        assert running([child.pid]) == [child.pid]
        assert peak_bytes(child.pid) > 1_000_000
        child.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, not yet waited for
        assert running([child.pid]) == []
    assert child.pid not in children(os.getpid())
    assert peak_bytes(child.pid) == 0


def test_ports_are_distinct():
    assert len(set(free_ports(8))) == 8
