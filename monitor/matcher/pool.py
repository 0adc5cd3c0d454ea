"""The parent's side of the scanning processes: hands out jobs, replaces what dies, never waits for ever.

A process that crashes or misses the deadline is replaced and the job fails with WorkerDied; the caller decides what to try
again. Each process has one job at a time. The deadline grows with the bytes of the job: a dump of a million passwords takes longer than
a source file and is no attack. It is of the process's own processor time: that the machine has other things to do is no fault of a document.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import orjson
import structlog

from monitor.aio import spawn
from monitor.identity import KeyRing
from monitor.matcher import frames
from monitor.matcher.frames import MEMORY_EXIT
from monitor.metrics import Metrics

_LOG = structlog.get_logger("matcher.pool")
# -P: no code of the folder that the service was started in
WORKER: Final = (sys.executable, "-P", "-m", "monitor.scanning")
SECONDS_A_MIB: Final = 3.0  # the densest take half of it on a slow core: 6,000 reported tokens a MiB
# a cold database is compiled once, on a busy machine in minutes; a warm one loads in a moment
_START_SECONDS: Final = 600.0
_LOOK_SECONDS: Final = 0.05  # the least between two looks at what a process has used up


class WorkerDied(Exception):
    """The process ended or was ended while it had the job. `reason` is crash, timeout or memory."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PoolFailed(Exception):
    """A scanning process cannot be started at all: the stage must end."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """`seconds` is the deadline of one job, processor time, to which SECONDS_A_MIB comes for its content; `stalled` what may pass beyond it
    while the process gets no processor; `memory_bytes` what a process may add to its start size.
    """

    processes: int = 1
    seconds: float = 3.0
    stalled: float = 60.0
    memory_bytes: int = 768 * 1024**2
    cache_dir: Path | None = None
    rules: Sequence[Path] = ()
    own: Sequence[Path] = ()  # files of own secrets
    evidence: Mapping[str, Any] | None = None  # as `monitor.scanning` takes it; None = nothing is sealed
    command: Sequence[str] = WORKER


class ScanPool:
    """For the tasks of one event loop. `async with` starts and ends the processes."""

    def __init__(self, settings: PoolSettings, keys: KeyRing, metrics: Metrics) -> None:
        self._settings = settings
        self._keys = keys
        self._metrics = metrics
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._all: set[_Worker] = set()
        for reason in ("crash", "timeout", "memory"):
            metrics.worker_restarts.labels(reason)

    async def __aenter__(self) -> Self:
        started = await asyncio.gather(*(self._start() for _ in range(self._settings.processes)))
        for worker in started:
            self._idle.put_nowait(worker)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(worker.stop() for worker in self._all))
        self._all.clear()

    async def scan(self, items: Sequence[frames.JobItem], *, patience: float = 1.0) -> frames.Answer:
        """`patience` is the share of the settings' `seconds` that the job is given; what its bytes take is added whole.

        Raises WorkerDied (the process is replaced already), PoolFailed.
        """
        seconds = deadline(self._settings, items, patience)
        worker = await self._idle.get()
        try:
            result = await worker.ask(items, seconds, stalled=self._settings.stalled)
        except BaseException as error:
            self._all.discard(worker)
            await worker.kill()
            if not isinstance(error, WorkerDied):
                raise
            self._metrics.worker_restarts.labels(error.reason).inc()
            _LOG.warning("scanning process replaced", reason=error.reason, documents=len(items))
            self._idle.put_nowait(await self._start())
            raise
        self._idle.put_nowait(worker)
        if "resident" in result.stats:
            worker.resident = result.stats["resident"]
            self._metrics.scan_worker_resident.set(max(each.resident for each in self._all))
        return result

    async def _start(self) -> _Worker:
        worker = await _Worker.start(self._settings, self._keys)
        self._all.add(worker)
        return worker


def deadline(settings: PoolSettings, items: Sequence[frames.JobItem], patience: float) -> float:
    """Seconds of processor time that a job is given."""
    mebibytes = sum(len(item.content) for item in items) / 1024**2
    return settings.seconds * patience + SECONDS_A_MIB * mebibytes


class _Worker:
    """One scanning process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.resident = 0  # bytes, as it told last
        self._errors = spawn(self._drain(), name="scan-worker-stderr")

    @classmethod
    async def start(cls, settings: PoolSettings, keys: KeyRing) -> _Worker:
        process = await asyncio.create_subprocess_exec(
            *settings.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        worker = cls(process)
        setup = orjson.dumps(
            {
                "keys": [key.hex() for key in keys.keys.values()],
                "memory_bytes": settings.memory_bytes,
                "cache_dir": str(settings.cache_dir) if settings.cache_dir else None,
                "rules": [str(path) for path in settings.rules],
                "own": [str(path) for path in settings.own],
                "evidence": settings.evidence,
            }
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await worker._send([len(setup).to_bytes(4, "little"), setup])
                await worker._receive()
        except (WorkerDied, TimeoutError) as error:
            await worker.kill()
            raise PoolFailed("the scanning process did not start; its own message is in the log") from error
        return worker

    async def ask(self, items: Sequence[frames.JobItem], seconds: float, *, stalled: float) -> frames.Answer:
        """Raises WorkerDied: also after `seconds` of processor time, and after so many and `stalled` of the clock."""
        loop = asyncio.get_running_loop()
        used, end = self._used(), loop.time() + seconds + stalled
        timer: asyncio.TimerHandle

        def look() -> None:
            nonlocal timer
            now, left = loop.time(), seconds - (self._used() - used)
            if left <= 0 or now >= end:
                limit.reschedule(now)
            else:
                timer = loop.call_later(min(max(left, _LOOK_SECONDS), end - now), look)

        timer = loop.call_later(seconds, look)
        try:
            async with asyncio.timeout(None) as limit:
                await self._send(frames.job(items))
                frame = await self._receive()
        except TimeoutError as error:
            raise WorkerDied("timeout") from error
        finally:
            timer.cancel()
        try:
            return frames.read_answer(frame)
        except frames.FrameError as error:
            raise WorkerDied("crash") from error

    def _used(self) -> float:
        """Processor time of the process in seconds; 0.0 when it is gone. The clock's number is what clock_getcpuclockid(3) makes on Linux."""
        try:
            return time.clock_gettime(~self._process.pid << 3 | 2)
        except OSError:
            return 0.0

    async def _send(self, pieces: Sequence[bytes]) -> None:
        assert self._process.stdin is not None
        if self._process.stdin.is_closing():  # it died while idle; uvloop would raise RuntimeError at a write
            raise WorkerDied(await self._death())
        try:
            self._process.stdin.writelines(pieces)
            await self._process.stdin.drain()
        except OSError as error:
            raise WorkerDied(await self._death()) from error

    async def _receive(self) -> bytes:
        assert self._process.stdout is not None
        try:
            size = frames.length(await self._process.stdout.readexactly(4))
            return await self._process.stdout.readexactly(size)
        except (asyncio.IncompleteReadError, OSError, frames.FrameError) as error:
            raise WorkerDied(await self._death()) from error

    async def _death(self) -> str:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._process.wait()
        return "memory" if self._process.returncode == MEMORY_EXIT else "crash"

    async def _drain(self) -> None:
        """Pass on what the process says on standard error; it never says content (tracebacks carry code, not data)."""
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            _LOG.info("scanning process", line=line.decode("utf-8", "replace").rstrip())

    async def stop(self) -> None:
        """End it by closing its input; kill it when it does not go."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(2.0):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
        await self._errors

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._errors
