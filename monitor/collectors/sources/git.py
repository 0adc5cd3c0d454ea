"""The source `git`: every blob at every path, and every commit message, of all refs of any number of repositories, once each.

A repository is fetched into a mirror (URL) or looked into (local path), see `monitor.gitread`; new is what its refs reach and the
refs of the last pass did not. Objects are marked as seen when the bus has them, the refs when everything is there: whatever
kills the service in between, nothing is lost, and what comes again has the same id and the same place.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import Field, ValidationInfo, field_validator

from monitor import gitread
from monitor.addresses import AddressGuard
from monitor.aio import cancel, spawn
from monitor.budget import backoff
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.gitpass import Pass
from monitor.gitread.mirror import forget

if TYPE_CHECKING:
    from monitor.tools import Tools

_MIB: Final = 1024**2
_LONGEST_WAIT: Final = 3600.0


class GitSettings(SourceSettings):
    """`[sources.git]`"""

    repositories: tuple[str, ...] = Field(min_length=1, description="clone URLs (https, ssh) or local paths")
    poll_seconds: float = Field(300.0, gt=0, description="between two looks at a repository")
    concurrency: int = Field(2, ge=1, le=64, description="repositories read at once")
    allow_private: tuple[str, ...] = Field((), description="hosts on private addresses that may be asked")
    netrc_file: Path | None = Field(None, description="logins by host, for https")
    ca_file: Path | None = Field(None, description="certificates that replace the system's")
    ssh_key: Path | None = None
    ssh_known_hosts: Path | None = None
    mirror_mib: int = Field(4096, gt=0, description="largest mirror of one repository")
    memory_mib: int = Field(4096, gt=64, description="largest git process")
    blob_mib: int = Field(256, gt=0, description="what is read of one blob")
    commits: int = Field(5_000_000, gt=0, description="most commits of one pass")
    fetch_seconds: float = Field(3600.0, gt=0)
    idle_seconds: float = Field(300.0, ge=1, description="without any answer of git")

    @field_validator("repositories")
    @classmethod
    def _readable(cls, values: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        folder = (info.context or {}).get("folder", Path())  # of the configuration file
        read = []
        for number, value in enumerate(values):
            try:
                target = gitread.parse(value)
            except gitread.GitError as error:
                raise ValueError(f"repository {number}: {error}") from None
            if isinstance(target, gitread.Remote) and target.password:
                raise ValueError(f"repository {number}: its URL holds a password; use netrc_file")
            read.append(value if isinstance(target, gitread.Remote) else str(folder / target.expanduser()))
        return tuple(read)

    def quota(self) -> gitread.Quota:
        return gitread.Quota(
            seconds=self.fetch_seconds,
            idle_seconds=self.idle_seconds,
            pack_bytes=self.mirror_mib * _MIB,
            memory_bytes=self.memory_mib * _MIB,
            commits=self.commits,
        )


class GitSource:
    """Reads repositories until stopped, each in a task of its own. At the start it removes what is kept of others."""

    def __init__(self, settings: GitSettings, tools: Tools) -> None:
        self._settings = settings
        self._state = tools.state / "git"
        self._metrics = tools.metrics
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._failing: dict[str, str] = {}
        self._quota = settings.quota()
        self._access = gitread.Access(
            guard=AddressGuard(settings.allow_private),
            ca_file=settings.ca_file,
            netrc_file=settings.netrc_file,
            ssh_key=settings.ssh_key,
            ssh_known_hosts=settings.ssh_known_hosts,
        )

    async def run(self, context: SourceContext) -> None:
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        configured = [self._folder(text) for text in self._settings.repositories]
        await asyncio.to_thread(forget, self._state, configured)
        tasks = [
            spawn(self._follow(context, text), name=f"git:{number}")
            for number, text in enumerate(dict.fromkeys(self._settings.repositories))
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            await cancel(*(task for task in tasks if not task.done()))

    async def _follow(self, context: SourceContext, text: str) -> None:
        failures = 0
        while not context.stop.is_set():
            try:
                async with self._slots:
                    await self._pass(context, text)
            except gitread.GitError as error:
                failures += 1
                self._failing[text] = error.reason
                self._metrics.source_requests.labels(context.name, error.reason).inc()
            else:
                failures = 0
                self._failing.pop(text, None)
                self._metrics.source_requests.labels(context.name, "ok").inc()
            self._tell(context)
            wait = self._settings.poll_seconds
            if failures:
                jitter = random.random()  # noqa: S311 - no secret
                wait += backoff(failures, jitter, base=wait, cap=max(_LONGEST_WAIT, wait))
            if await context.sleep(wait):
                return

    def _tell(self, context: SourceContext) -> None:
        if self._failing:
            context.failing(", ".join(sorted(set(self._failing.values()))))
        else:
            context.healthy()

    def _folder(self, text: str) -> Path:
        return self._state / f"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}.git"

    async def _pass(self, context: SourceContext, text: str) -> None:
        blob_bytes = self._settings.blob_mib * _MIB
        await Pass(context, text, self._folder(text), self._quota, self._access, blob_bytes).run()


PLUGIN: Final = SourcePlugin(
    settings=GitSettings,
    build=GitSource,
    summary="git repositories: every blob at every path and every commit message of all refs, once",
)
