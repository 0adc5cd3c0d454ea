"""The source `git`: every blob at every path, and every commit message, of all refs of any number of repositories, once each.

A repository is fetched into a mirror (URL) or looked into (local path), see `monitor.gitread`; new is what its refs reach and the
refs of the last pass did not. Objects are marked as seen when the bus has them, the refs when everything is there: whatever
kills the service in between, nothing is lost, and what comes again has the same id and the same place.

Besides the repositories that the settings name, those that a forge lists for our own organisations are followed (`discover`), and one
that somebody asks for by a `sweep` request is read once and forgotten.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import Field, ValidationInfo, field_validator

from monitor import gitread
from monitor.addresses import AddressGuard
from monitor.aio import cancel, spawn
from monitor.budget import backoff
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.gitrepo.discovery import Discover, Discovery
from monitor.collectors.gitrepo.look import Pass
from monitor.collectors.gitrepo.turns import REFUSED, SWEEP, SWEEP_TRIES, Queue, Work, sweepable
from monitor.gitread.mirror import forget

if TYPE_CHECKING:
    from monitor.tools import Tools

_MIB: Final = 1024**2
_LONGEST_WAIT: Final = 3600.0
_ASK_SECONDS: Final = 30.0  # between two looks at what was requested
_LOOK_UP: Final = 1.0  # seconds


class GitSettings(SourceSettings):
    """`[sources.git]`"""

    repositories: tuple[str, ...] = Field((), description="clone URLs (https, ssh) or local paths")
    discover: tuple[Discover, ...] = Field(
        (), description="whose repositories are followed as their forge lists them"
    )
    poll_seconds: float = Field(300.0, gt=0, description="between two looks at a repository")
    concurrency: int = Field(2, ge=1, le=64, description="repositories read at once")
    allow_private: tuple[str, ...] = Field((), description="hosts on private addresses that may be asked")
    netrc_file: Path | None = Field(None, description="logins by host, for https")
    ca_file: Path | None = Field(None, description="certificates that replace the system's")
    ssh_key: Path | None = Field(None, description="private key for ssh remotes")
    ssh_known_hosts: Path | None = Field(None, description="the hosts' keys; needed with ssh_key")
    mirror_mib: int = Field(4096, gt=0, description="largest mirror of one repository")
    memory_mib: int = Field(4096, gt=64, description="largest git process")
    blob_mib: int = Field(256, gt=0, description="what is read of one blob")
    commits: int = Field(5_000_000, gt=0, description="most commits of one pass")
    fetch_seconds: float = Field(3600.0, gt=0, description="the longest that one fetch may take")
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

    @property
    def rhythm(self) -> float | None:
        # a look may take as long as a fetch
        return max(self.poll_seconds, self.fetch_seconds / 3) if self.repositories else None


class GitSource:
    """Reads repositories until stopped: those configured and those discovered again and again, those asked for by a request once.

    At the start it removes what is kept of others.
    """

    def __init__(self, settings: GitSettings, tools: Tools) -> None:
        self._settings = settings
        self._state = tools.state / "git"
        self._metrics = tools.metrics
        self._discoveries = [Discovery(table, tools) for table in settings.discover]
        self._queue = Queue(settings.concurrency)
        self._failing: dict[str, str] = {}
        self._asked_at = -math.inf
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
        self._queue, self._asked_at = Queue(self._settings.concurrency), -math.inf
        self._failing.clear()
        for text in self._settings.repositories:
            self._queue.follow(text)
        for discovery in self._discoveries:
            await discovery.restore(context)
            self._follow(discovery)
        await self._ask(context)
        kept = [self._folder(work.text) for work in self._queue]
        await asyncio.to_thread(forget, self._state, kept)
        jobs: set[asyncio.Task[None]] = set()
        discovering: dict[Discovery, asyncio.Task[None]] = {}
        try:
            while not context.stop.is_set():
                await self._ask(context)
                while work := self._queue.start(context.now()):
                    jobs.add(spawn(self._look(context, work), name="git:look"))
                for discovery in self._discoveries:
                    if discovery.due <= context.now() and discovery not in discovering:
                        task = spawn(self._discover(context, discovery), name="git:discover")
                        discovering[discovery] = task
                        jobs.add(task)
                if jobs:
                    # not `context.sleep`: this is for what runs, and only looks up now and then for what was asked for meanwhile
                    done, jobs = await asyncio.wait(
                        jobs, timeout=_LOOK_UP, return_when=asyncio.FIRST_COMPLETED
                    )
                    discovering = {key: task for key, task in discovering.items() if task in jobs}
                    for task in done:
                        task.result()
                else:
                    await context.sleep(self._next() - context.now())
            for task in jobs:
                await task
        finally:
            await cancel(*(task for task in jobs if not task.done()))

    def _next(self) -> float:
        due = [self._asked_at + _ASK_SECONDS, *(discovery.due for discovery in self._discoveries)]
        looks = self._queue.next_due()
        return min(due if looks is None else [*due, looks])

    # -- what is to be read

    async def _ask(self, context: SourceContext) -> None:
        """Take up what was requested of this source."""
        if context.now() < self._asked_at + _ASK_SECONDS:
            return
        self._asked_at = context.now()
        for request in await context.requested():
            if request.kind == SWEEP and sweepable(request):
                self._queue.ask(request, context.now())
            else:
                context.dropped("request_refused")
                await context.finished(request)

    async def _discover(self, context: SourceContext, discovery: Discovery) -> None:
        await discovery.look(context)
        self._follow(discovery)
        self._tell(context, f"discovery {self._discoveries.index(discovery)}", discovery.trouble)

    def _follow(self, discovery: Discovery) -> None:
        for url, vanished in discovery.repositories().items():
            self._queue.follow(url, vanished=vanished)

    # -- reading

    async def _look(self, context: SourceContext, work: Work) -> None:
        """One look at one repository, and what follows from how it ended."""
        asked, reason, whole = list(work.requests), "", False
        blob_bytes = self._settings.blob_mib * _MIB
        folder = self._folder(work.text)
        try:
            look = Pass(context, work.text, folder, self._quota, self._access, blob_bytes)
            whole = await look.run()
        except gitread.GitError as error:
            reason = error.reason
        finally:
            work.running = False
        if not whole and not reason:
            return  # the service stops: the next start goes on
        self._metrics.source_requests.labels(context.name, reason or "ok").inc()
        work.failures = work.failures + 1 if reason else 0
        work.due = context.now() + self._pause(work)
        if not work.once:
            self._tell(context, work.text, "" if work.vanished else reason)
        elif reason and reason not in REFUSED and work.failures < SWEEP_TRIES:
            return
        if work.once and reason:
            context.dropped("sweep_refused" if reason in REFUSED else "sweep_failed", len(asked))
        for request in asked:
            work.requests.remove(request)
            await context.finished(request)
        if work.requests:  # asked for while this look was under way: it may have come too late for it
            work.due = context.now()
        if work.once and not work.requests:
            self._queue.drop(work)
            if folder not in {self._folder(other.text) for other in self._queue}:
                await asyncio.to_thread(_remove, folder)

    def _pause(self, work: Work) -> float:
        wait = self._settings.poll_seconds
        if work.failures:
            jitter = random.random()  # noqa: S311 - no secret
            wait += backoff(work.failures, jitter, base=wait, cap=max(_LONGEST_WAIT, wait))
        return wait

    def _tell(self, context: SourceContext, what: str, reason: str) -> None:
        if reason:
            self._failing[what] = reason
        else:
            self._failing.pop(what, None)
        if self._failing:
            context.failing(", ".join(sorted(set(self._failing.values()))))
        else:
            context.healthy()

    def _folder(self, text: str) -> Path:
        return self._state / f"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}.git"


def _remove(folder: Path) -> None:
    """One mirror, and none of the others. Blocking."""
    others = set(folder.parent.glob("*.git")) - {folder}
    forget(folder.parent, others)


PLUGIN: Final = SourcePlugin(
    settings=GitSettings,
    build=GitSource,
    summary="git repositories: every blob at every path and every commit message of all refs, once",
)
