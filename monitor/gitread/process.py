"""Git as a subprocess that nothing outside of its arguments can steer.

The environment is made from nothing: no system, global or XDG config, an empty HOME, no prompt, no askpass, no agent, no
proxy, no lazy fetch, no replace objects, no attributes, only the protocols that the call names. What a command-line option can
switch off is switched off there, so that even a config file that somebody slipped into our own folder changes nothing.
Limits on memory and on the size of written files are the kernel's (`ulimit`), set before git starts; each process leads its own
process group, which is killed as a whole.

Blocking; a `Git` may be shared by threads, a `Process` is for one thread at a time.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from monitor.gitread.errors import GitError

_CHUNK: Final = 1 << 20
_WRAPPER: Final = 'ulimit -c 0; ulimit -d "$1"; ulimit -f "$2"; shift 2; exec "$@"'
_TOO_LARGE: Final = (
    "File too large",
    "signal 25",
    "Out of memory",
    "out of memory",
    "mmap failed",
    "bad_alloc",
)
_CORRUPT: Final = (
    "missing",
    "bad object",
    "unable to read",
    "unable to stream",
    "corrupt",
    "could not parse",
    "Failed to traverse",
    "invalid",
)
_CRASHES: Final = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT}  # what broken objects do to git

CONFIG: Final[Mapping[str, str]] = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.askPass": "/bin/false",
    "core.pager": "cat",
    "core.editor": "/bin/false",
    "core.commitGraph": "false",  # a file that the repository's owner can forge
    "core.multiPackIndex": "false",
    "core.bigFileThreshold": "16m",  # larger blobs are streamed by git, not held in memory
    "core.deltaBaseCacheLimit": "256m",
    "core.symlinks": "false",
    "credential.helper": "",
    "diff.external": "",
    "fetch.recurseSubmodules": "false",
    "fetch.unpackLimit": "1",  # always one pack: the file size limit then bounds a fetch
    "fetch.writeCommitGraph": "false",
    # no fsckObjects: it refuses many honest old histories, and what it guards (a checkout) never happens here
    "gc.auto": "0",
    "maintenance.auto": "false",
    "http.followRedirects": "false",  # the guard looked at this host, not at the next
    "protocol.allow": "never",
    "safe.directory": "*",  # of our own folders only: no git ever runs inside a foreign repository
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
    "transfer.credentialsInUrl": "die",
    "uploadpack.packObjectsHook": "",
}


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of one repository. Time in seconds, sizes in bytes."""

    seconds: float = 3600.0  # of one fetch
    idle_seconds: float = 300.0  # without a byte of output, while we wait for one
    pack_bytes: int = 4 * 1024**3  # of one fetch, and of the whole mirror
    memory_bytes: int = 4 * 1024**3  # of one git process
    commits: int = 5_000_000


class Leash:
    """Ends every git of one piece of work, from any thread: their readers then see the end of the output."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[subprocess.Popen[bytes]] = set()
        self._is_cut = False

    def hold(self, popen: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._held.add(popen)
            if self._is_cut:
                _kill(popen)

    def release(self, popen: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._held.discard(popen)

    def cut(self) -> None:
        """Kill what runs and whatever is started later."""
        with self._lock:
            self._is_cut = True
            for popen in self._held:
                _kill(popen)


@dataclass(frozen=True, slots=True)
class Git:
    """How to call git on `git_dir`, a bare repository that this package made.

    `config` adds to CONFIG and may hold credentials: it travels in the environment, never on the command line.
    Raises GitError("git_failed") at the first call when there is no git.
    """

    git_dir: Path
    quota: Quota = Quota()
    protocols: tuple[str, ...] = ()
    config: Mapping[str, str] = field(default_factory=dict, repr=False)
    ssh_command: str = "/bin/false"
    leash: Leash = field(default_factory=Leash, repr=False)

    def run(self, *arguments: str, stdin: bytes = b"", seconds: float | None = None) -> bytes:
        """The standard output. Raises GitError (timeout, too_large, corrupt, git_failed)."""
        with self.start(*arguments, stdin=subprocess.PIPE) as process:
            try:
                output, _ = process.popen.communicate(stdin, timeout=seconds or self.quota.idle_seconds)
            except subprocess.TimeoutExpired as error:
                raise GitError("timeout", f"git {arguments[0]}") from error
            process.check()
        return output

    def start(self, *arguments: str, stdin: int | IO[bytes] = subprocess.DEVNULL) -> Process:
        """Start and return at once; the caller closes it."""
        program = shutil.which("git")
        if program is None:
            raise GitError("git_failed", "there is no git on the PATH")
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - the Process closes it
        # the home is left empty: nothing writes there, and a fixed place needs no cleaning
        home = self.git_dir / "home"
        home.mkdir(mode=0o700, exist_ok=True)
        limits = (str(self.quota.memory_bytes // 1024), str(self.quota.pack_bytes // 512))
        command = ("/bin/sh", "-c", _WRAPPER, "sh", *limits, program, f"--git-dir={self.git_dir}", *arguments)
        popen = subprocess.Popen(  # noqa: S603 - a fixed program, no shell text from outside
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=self._environment(home),
            cwd=home,
            start_new_session=True,
        )
        self.leash.hold(popen)
        return Process(popen, errors, arguments[0], self.quota.idle_seconds, self.leash)

    def _environment(self, home: Path) -> dict[str, str]:
        config = [*CONFIG.items(), *((f"protocol.{name}.allow", "always") for name in self.protocols)]
        config += self.config.items()
        numbered = {}
        for number, (name, value) in enumerate(config):
            numbered[f"GIT_CONFIG_KEY_{number}"] = name
            numbered[f"GIT_CONFIG_VALUE_{number}"] = value
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "LC_ALL": "C",
            "GIT_ALLOW_PROTOCOL": ":".join(self.protocols) or "none",
            "GIT_ASKPASS": "/bin/false",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_CONFIG_COUNT": str(len(config)),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_EDITOR": "/bin/false",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_PAGER": "cat",
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_SSH_COMMAND": self.ssh_command,
            "GIT_SSH_VARIANT": "ssh",
            "GIT_TERMINAL_PROMPT": "0",
            "SSH_ASKPASS": "/bin/false",
            **numbered,
        }


class Process:
    """A running git and a buffered reader of its output. Close it in any case (a context manager does)."""

    def __init__(
        self, popen: subprocess.Popen[bytes], errors: IO[bytes], name: str, idle: float, leash: Leash
    ) -> None:
        self.popen = popen
        self._leash = leash
        self._errors = errors
        self._name = name
        self._idle_ms = idle * 1000
        assert popen.stdout is not None
        self._fd = popen.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN | select.POLLHUP)
        self._buffer, self._at = b"", 0  # what was read and not asked for yet
        fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, _CHUNK)

    def chunk(self) -> bytes:
        """What there is to read, at most 1 MiB; b"" at the end. Raises GitError("timeout")."""
        if self._at < len(self._buffer):
            data = self._buffer[self._at :]
            self._buffer, self._at = b"", 0
            return data
        if not self._poll.poll(self._idle_ms):
            raise GitError("timeout", f"git {self._name} stood still")
        return os.read(self._fd, _CHUNK)

    def line(self) -> bytes:
        """One line without its end; b"" at the end of the output."""
        parts: list[bytes] = []
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            data = self.chunk()
            if not data:
                return b"".join(parts)
            if b"\n" in data:
                self._buffer, self._at = data, 0
            else:
                parts.append(data)
        parts.append(self._buffer[self._at : end])
        self._at = end + 1
        return b"".join(parts)

    def exactly(self, size: int) -> bytes:
        """`size` bytes. Raises GitError("corrupt") when the output ends before."""
        end = self._at + size
        if end <= len(self._buffer):
            data = self._buffer[self._at : end]
            self._at = end
            return data
        parts = []
        while size:
            data = self.chunk()
            if not data:
                self.check()
                raise GitError("corrupt", f"git {self._name} ended early")
            if len(data) > size:
                self._buffer, self._at = data, size
                data = data[:size]
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def write(self, data: bytes) -> None:
        """To its standard input. Raises GitError when it has ended."""
        assert self.popen.stdin is not None
        try:
            self.popen.stdin.write(data)
            self.popen.stdin.flush()
        except BrokenPipeError as error:
            self.check()
            raise GitError("git_failed", f"git {self._name} ended early") from error

    def check(self) -> None:
        """Wait for its end and raise GitError unless it ended well."""
        try:
            code = self.popen.wait(self._idle_ms / 1000)
        except subprocess.TimeoutExpired as error:
            raise GitError("timeout", f"git {self._name} does not end") from error
        if code == 0:
            return
        self._errors.seek(0)
        text = self._errors.read(1 << 16).decode("utf-8", "replace")
        said = [line for line in text.splitlines() if line.startswith(("fatal:", "error:"))]
        raise GitError(_reason(code, text), f"git {self._name}: " + "; ".join(said[:3]))

    def close(self) -> None:
        """Kill the whole group if it still runs. Idempotent."""
        self._leash.release(self.popen)
        _kill(self.popen)
        for pipe in (self.popen.stdin, self.popen.stdout, self._errors):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # what the killed process did not read
        self.popen.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _kill(popen: subprocess.Popen[bytes]) -> None:
    """The whole group. Until somebody waited for the process its id cannot belong to another."""
    if popen.returncode is None and popen.poll() is None:
        os.killpg(popen.pid, signal.SIGKILL)


def _reason(code: int, text: str) -> str:
    if code in {-signal.SIGXFSZ, -signal.SIGKILL} or any(word in text for word in _TOO_LARGE):
        return "too_large"
    if code in _CRASHES or any(word in text for word in _CORRUPT):
        return "corrupt"
    return "git_failed"
