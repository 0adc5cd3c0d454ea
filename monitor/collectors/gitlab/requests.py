"""What others ask of the GitLab source: to read one project whole, named by its path or its address."""

from __future__ import annotations

from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.gitlab.api import GitLab, project_path
from monitor.collectors.gitlab.queue import Queue, Visit
from monitor.collectors.shapes import integer
from monitor.collectors.upstream import Refused, Unavailable
from monitor.contracts import Request


class Requests:
    """For one task. A request is finished when what it asks for is in the saved queue."""

    def __init__(self, gitlab: GitLab, queue: Queue) -> None:
        self._gitlab = gitlab
        self._queue = queue
        self._open: dict[int, list[Request]] = {}  # project -> what its visit answers
        self._answered: list[Request] = []

    def forget(self) -> None:
        """What is not finished is taken again."""
        self._open.clear()
        self._answered.clear()

    async def take(self, context: SourceContext) -> None:
        """Queue a visit for each request that is new. One that names nothing we can see is finished, and counted."""
        known = [*self._answered, *(request for several in self._open.values() for request in several)]
        for request in await context.requested():
            if request in known:
                continue
            try:
                number, path = await self._project(context, request.target)
            except (Limited, Unavailable, Refused):
                return  # the next cycle tries again
            if not number:
                context.dropped("request_impossible")
                await context.finished(request)
                continue
            self._open.setdefault(number, []).append(request)
            self._queue.add(Visit(number, path, own=True, whole=True))

    def visited(self, visit: Visit) -> None:
        """That project was looked into, or cannot be."""
        if visit.whole:
            self._answered += self._open.pop(visit.project, [])

    async def finish(self, context: SourceContext) -> None:
        """The queue is saved."""
        for request in self._answered:
            await context.finished(request)
        self._answered.clear()

    async def _project(self, context: SourceContext, target: str) -> tuple[int, str]:
        """(number, path), 0 for what is no project or none that we see. Raises Limited, Unavailable, Refused."""
        rest = target.removeprefix("https://").removeprefix(f"{self._gitlab.forge}/")
        path = project_path(rest.removesuffix(".git"))
        if not path:
            return 0, ""
        try:
            found = await self._gitlab.project(context, path)
        except Refused as error:
            if error.status in (403, 404):
                return 0, ""
            raise
        return max(0, integer(found, "id") or 0), path
