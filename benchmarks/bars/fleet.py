"""Real `leakstream` processes of one bar: started with their own ports and logs, killed, watched, and all ended in the end.

Figures come from /proc (Linux): the peak of a process's resident memory is `VmHWM` of its status, read while it lives; and from each
process's /metrics, read just before it is killed. One that ended by itself took its counts with it.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

COMMAND: Final = Path(sys.executable).with_name("leakstream")
_END_SECONDS: Final = 30.0


class FleetError(Exception):
    """A process did not do what the bar needs of it; the message names it and ends with its last words."""


@dataclass(slots=True)
class Member:
    """One process under one name; a restart replaces the process and keeps name, ports and log."""

    name: str
    arguments: Sequence[str]
    metrics_port: int
    web_port: int
    log: Path
    process: subprocess.Popen[bytes]
    started_at: float  # time.monotonic
    noted: bool = False  # that it ended by itself

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that nobody told to end."""

    name: str
    status: int
    last_words: str


@dataclass(slots=True)
class Fleet:
    """`with Fleet(...) as fleet:` ends every process by its id on the way out, whatever happened. Every method blocks."""

    folder: Path
    config: Path
    members: dict[str, Member] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)  # "match-1" and "match-1 scanning" -> bytes
    ended_by_themselves: list[Ended] = field(default_factory=list)
    _counted: Counter[str] = field(default_factory=Counter)  # by the killed: series -> value

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, *arguments: str) -> Member:
        """Does not wait until it is ready. A name that was started before keeps its ports."""
        before = self.members.get(name)
        metrics, web = (before.metrics_port, before.web_port) if before else free_ports(2)
        log = self.folder / f"{name}.log"
        clean = {key: value for key, value in os.environ.items() if not key.startswith("LEAKSTREAM_")}
        with log.open("ab") as output:
            process = subprocess.Popen(
                [COMMAND, *arguments, "-c", self.config],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=clean | {"LEAKSTREAM_METRICS__PORT": str(metrics), "LEAKSTREAM_WEB__PORT": str(web)},
            )
        member = Member(name, arguments, metrics, web, log, process, time.monotonic())
        self.members[name] = member
        return member

    def restart(self, name: str) -> Member:
        return self.start(name, *self.members[name].arguments)

    def wait_ready(self, member: Member, seconds: float = 60.0) -> float:
        """Seconds from its start to 200 of /readyz, asked every 5 ms. Raises FleetError."""
        while time.monotonic() < member.started_at + seconds:
            if not member.alive:
                raise FleetError(f"{member.name} ended with {member.process.returncode}{_last_words(member)}")
            if status(member.metrics_port, "/readyz") == http.HTTPStatus.OK:
                return time.monotonic() - member.started_at
            time.sleep(0.005)
        raise FleetError(f"{member.name} is not ready after {seconds:.0f} s{_last_words(member)}")

    def kill(self, name: str) -> float:
        """As `kill -9` does; returns the wall-clock time at which it was dead."""
        member = self.members[name]
        self._measure(member)
        self._counted.update(_counters(samples(member.metrics_port)))
        member.process.kill()
        member.process.wait()
        return time.time()

    def look(self, *, down: frozenset[str] = frozenset()) -> None:
        """Read every process's peak, and notice what ended without being told to. `down`: names that the bar killed just now."""
        for member in self.members.values():
            if member.alive:
                self._measure(member)
            elif member.name not in down and not member.noted:
                member.noted = True
                self.ended_by_themselves.append(
                    Ended(member.name, member.process.returncode, _last_words(member))
                )

    def revive(self, status: int) -> bool:
        """What a supervisor does: start again what ended by itself with this exit status. False when something ended otherwise."""
        for member in [member for member in self.members.values() if member.noted]:
            if member.process.returncode != status:
                return False
            self.restart(member.name)
        return True

    def totals(self, name: str) -> dict[str, float]:
        """Of the counter leakstream_<name>: what all processes have counted, the killed ones included. Labels -> value, without the
        zeros.
        """
        counted = Counter(self._counted)
        for member in self.members.values():
            counted.update(_counters(samples(member.metrics_port)))
        start = f"leakstream_{name}_total{{"
        return {
            series.removeprefix(start).rstrip("}"): value
            for series, value in sorted(counted.items())
            if series.startswith(start) and value
        }

    def stop(self) -> dict[str, int]:
        """SIGTERM to all, SIGKILL to what stays; name -> exit status of those that still ran."""
        running = [member for member in self.members.values() if member.alive]
        for member in running:
            self._measure(member)
            member.process.terminate()
        limit = time.monotonic() + _END_SECONDS
        for member in running:
            try:
                member.process.wait(max(0.0, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()
        return {member.name: member.process.returncode for member in running}

    def _measure(self, member: Member) -> None:
        for name, pid in [
            (member.name, member.process.pid),
            *((f"{member.name} scanning", child) for child in children(member.process.pid)),
        ]:
            self.peaks[name] = max(self.peaks.get(name, 0), peak_bytes(pid))


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of 127.0.0.1 that nobody has just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return tuple(one.getsockname()[1] for one in sockets)


def status(port: int, path: str) -> int:
    """The status of GET on loopback; 0 while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def samples(port: int) -> dict[str, float]:
    """/metrics of a process: series with its labels -> value; empty when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {series: float(value) for series, _, value in lines}


def _counters(series: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in series.items() if "_total{" in name}


def running(pids: Sequence[int]) -> list[int]:
    """Those that still run; one that ended and waits for its parent does not."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
            if state not in "ZX":
                found.append(pid)
    return found


def children(pid: int) -> list[int]:
    """Ids of the processes that `pid` started and that still run."""
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [int(entry.name) for entry in processes if _parent(entry) == pid]


def _parent(process: Path) -> int:
    try:
        stat = (process / "stat").read_text("utf-8", "replace")
    except OSError:  # it has just ended
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def cpu_seconds(pid: int) -> float:
    """What a process and the children that still run have used so far, user and system; 0 when it is gone."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    own = (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(child) for child in children(pid))


def peak_bytes(pid: int) -> int:
    """VmHWM; 0 when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _last_words(member: Member, lines: int = 15) -> str:
    said = member.log.read_text("utf-8", "replace").splitlines()[-lines:]
    return "".join(f"\n    {line}" for line in said)


def load() -> float:
    """The machine's load average of the last minute."""
    return os.getloadavg()[0]


def environment_notes() -> Mapping[str, float | int | None]:
    """What else the machine did while something was measured."""
    return {"load_1min": round(load(), 2), "cores": os.cpu_count()}
