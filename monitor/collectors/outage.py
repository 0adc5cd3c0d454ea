"""Whether a server answers at all, found out by asking something that costs nothing: so that the ledger knows from when to when it did
not, to within seconds, whatever else was due in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.upstream import Refused, Unavailable

_SOON: Final = 3.0  # seconds between two looks at first: an outage of half a minute is measured to a tenth
_PATIENT: Final = 120.0  # after so long it is no hiccup
_LONGEST: Final = 30.0


class Outage:
    """For one source. `ping` asks the server once, and raises as an Upstream does; `heard_at` is when it last answered anything;
    `ended` hears from when to when it was silent.
    """

    def __init__(
        self,
        ping: Callable[[SourceContext], Awaitable[None]],
        heard_at: Callable[[], float | None],
        ended: Callable[[SourceContext, float, float], Awaitable[None]] | None = None,
    ) -> None:
        self._ping = ping
        self._heard_at = heard_at
        self._ended = ended

    async def over(self, context: SourceContext, reason: str) -> bool:
        """Called when something got no answer: at once True when the server answers other things. Else tell the trouble, since the last
        answer, and come back when it answers again: then False. Raises Stopping.
        """
        since = self._heard_at()
        pause, begun = _SOON, context.now()
        if await self._answers(context):
            return True
        context.failing(reason, since)
        while not await context.sleep(pause) and not await self._answers(context):
            if context.now() - begun > _PATIENT:
                pause = min(_LONGEST, pause * 1.5)
        if not context.stop.is_set():
            context.healthy()
            if self._ended is not None:
                await self._ended(context, begun if since is None else since, context.now())
        return False

    async def _answers(self, context: SourceContext) -> bool:
        try:
            await self._ping(context)
        except Unavailable:
            return False
        except Limited:
            return True
        except Refused as error:
            return error.status > 0  # a no is an answer, if it is the server's
        return True
