import os
import signal
import subprocess
import sys

from benchmarks.bars.fleet import children, cpu_seconds, free_ports, peak_bytes, running


def test_a_child_is_seen_measured_and_gone():
    with subprocess.Popen([sys.executable, "-P", "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in children(os.getpid())
        assert running([child.pid]) == [child.pid]
        assert peak_bytes(child.pid) > 1_000_000
        child.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, not yet waited for
        assert running([child.pid]) == []
    assert child.pid not in children(os.getpid())
    assert peak_bytes(child.pid) == 0


def test_cpu_time_grows_with_work_and_counts_children():
    before = cpu_seconds(os.getpid())
    busy = "n = sum(i * i for i in range(3_000_000)); print(n, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout.readline()
        spent = cpu_seconds(child.pid)
        assert spent > 0
        assert cpu_seconds(os.getpid()) >= before + spent
        child.kill()
    assert cpu_seconds(child.pid) == 0


def test_ports_are_distinct():
    assert len(set(free_ports(8))) == 8
