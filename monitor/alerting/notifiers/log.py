"""One line in the service's own log: for a first look, and beside other notifiers as a record."""

from __future__ import annotations

from typing import Final

import structlog

from monitor.alerting.notifiers.base import (
    Announcement,
    Notification,
    NotifierPlugin,
    NotifierSettings,
)
from monitor.logflood import DELIVERY
from monitor.tools import Tools
from monitor.untrusted import Sink, untrusted


class LogSettings(NotifierSettings):
    """`[notifiers.log]`"""


class Log:
    def __init__(self) -> None:
        self._log = structlog.get_logger("exposure", **{DELIVERY: True})

    async def notify(self, notification: Notification) -> None:
        exposure = notification.exposure
        place = exposure["where"]["repository"] or exposure["where"]["path"] or exposure["where"]["source"]
        await self._log.awarning(
            "exercise" if exposure["exercise"] else "exposure",
            change=notification.change.value,
            exposure=exposure["short"],
            severity=exposure["what"]["severity"],
            rule=exposure["what"]["rule"],
            owned=exposure["owned"]["level"],
            where=untrusted(place, Sink.PLAIN),
            sightings=exposure["sightings"],
        )

    async def announce(self, announcement: Announcement) -> None:
        await self._log.aerror(announcement.topic.value, said=untrusted(announcement.headline, Sink.PLAIN))


def _build(_: LogSettings, __: Tools) -> Log:
    return Log()


# links: the line has none; whoever reads this log sits at the machine and has the commands
PLUGIN: Final = NotifierPlugin(LogSettings, _build, "a line in the service's own log", links=False)
