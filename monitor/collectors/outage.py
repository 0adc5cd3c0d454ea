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
_LOOK: Final = 4.0  # seconds between two looks while nothing is due
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
        since, begun = self._heard_at(), context.now()
        if not await self._silence(context):
            return True
        await self._sit_out(context, reason, since, begun)
        return False

    async def wait(self, context: SourceContext, until: float) -> bool:
        """Wait until `until` (epoch seconds) and look now and then whether the server still answers: who asks nothing does not know since
        when he would have got no answer. A server that has refused is not looked at. True when `stop` was set. Raises Stopping.
        """
        while (left := until - context.now()) > 0.0:
            step = min(left, _LOOK)
            if await context.sleep(step):
                return True
            if step == left:
                break
            if context.trouble:
                continue
            since, begun = self._heard_at(), context.now()
            if reason := await self._silence(context):
                await self._sit_out(context, reason, since, begun)
        return context.stop.is_set()

    async def _sit_out(self, context: SourceContext, reason: str, since: float | None, begun: float) -> None:
        """Tell the trouble and come back when the server answers again."""
        pause = _SOON
        context.failing(reason, since)
        while not await context.sleep(pause) and await self._silence(context):
            if context.now() - begun > _PATIENT:
                pause = min(_LONGEST, pause * 1.5)
        if not context.stop.is_set():
            context.healthy()
            if self._ended is not None:
                await self._ended(context, begun if since is None else since, context.now())

    async def _silence(self, context: SourceContext) -> str:
        """Why it does not answer; "" = it does."""
        try:
            await self._ping(context)
        except Unavailable as error:
            return error.reason
        except Limited:
            return ""
        except Refused as error:
            return "" if error.status > 0 else error.reason  # a no is an answer, if it is the server's
        return ""
