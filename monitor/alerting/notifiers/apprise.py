"""Everything that Apprise speaks (github.com/caronc/apprise): its URLs, one a service. Only the services that come with it.

Apprise blocks and answers yes or no: each message goes through threads of its own with a deadline, and the status that a service
answered is read out of what Apprise says (`error=401`), judged like every HTTP answer. Where it says none, the message is tried again. A
message for several services is delivered when all of them took it; who has it already is left out of the next try.

The URLs are secrets: they are in no log and no error, and Apprise's own lines (which quote hosts) go nowhere. The address guard of [http] is
not asked: the services are the operator's own choice.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pydantic import Field, SecretStr, model_validator

from monitor.alerting.notifiers.base import (
    Announcement,
    Change,
    DeliveryError,
    Notification,
    NotifierPlugin,
    ReaderSettings,
    Reason,
    Retryable,
)
from monitor.alerting.notifiers.posting import verdict
from monitor.alerting.notifiers.wording import facts, headline, place_of, reasons, steps
from monitor.tools import Tools
from monitor.untrusted import Sink, untrusted

if TYPE_CHECKING:
    from apprise import Apprise as Service

_STATUS: Final = re.compile(r"\berror=(\d{3})\b")
_REMEMBERED: Final = 1000  # messages that some services have and others not yet
_LONGEST_LINE: Final = 1000
_SHOWN: Final = 15  # lines of a summary: most services cut long texts
_GRACE: Final = 0.5  # seconds before the deadline by which a thread is to be back
_ALL: Final = frozenset(Change)


class AppriseSettings(ReaderSettings):
    """`[notifiers.apprise]`"""

    urls: tuple[SecretStr, ...] = Field(
        (), description="Apprise's URLs, one a service; secrets. Or urls_file"
    )
    urls_file: Path | None = Field(None, description="a file that holds them, one a line")
    at_once: int = Field(2, ge=1, le=100, description="how many deliveries at the same time")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.urls) == (self.urls_file is not None):
            raise ValueError("give urls or urls_file, one of the two")
        return self


class Apprise:
    """`services`: one object of Apprise's for each URL."""

    def __init__(self, services: Sequence[Service], *, deadline: float, at_once: int) -> None:
        self._services = tuple(services)
        self._deadline = deadline
        threads = at_once * len(self._services)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="apprise")
        self._free = asyncio.Semaphore(threads)
        self._took: OrderedDict[str, set[int]] = OrderedDict()  # key -> services that have it

    async def notify(self, notification: Notification) -> None:
        exposure = notification.exposure
        lines = [place_of(exposure), *(f"{label}: {text}" for label, text in facts(exposure))]
        if why := reasons(exposure):
            lines += ["", "Why it is yours", *(f"- {reason}" for reason in why)]
        if todo := steps(notification):
            lines += ["", "What to do", *(f"{number}. {step}" for number, step in enumerate(todo, 1))]
        await self._send(headline(notification), lines, exposure.get("url", ""), notification.key)

    async def announce(self, announcement: Announcement) -> None:
        lines = list(announcement.lines[:_SHOWN])
        if more := len(announcement.lines) - len(lines):
            lines.append(f"and {more} lines more: see the console")
        await self._send(announcement.headline, lines, announcement.url, announcement.key)

    async def _send(self, title: str, lines: Sequence[str], url: str, key: str) -> None:
        if self._free.locked():  # threads that did not come back in time: no more of them
            raise Retryable(Reason.TIMEOUT)
        took = self._took.get(key, set())
        missing = [n for n in range(len(self._services)) if n not in took]
        outcomes = await asyncio.gather(
            *(self._one(self._services[n], title, lines, url, key) for n in missing)
        )
        took |= {n for n, error in zip(missing, outcomes, strict=True) if error is None}
        errors = [error for error in outcomes if error is not None]
        if not errors:
            self._took.pop(key, None)
            return
        self._took[key] = took
        while len(self._took) > _REMEMBERED:
            self._took.popitem(last=False)
        raise next((error for error in errors if isinstance(error, Retryable)), errors[0])

    async def _one(
        self, service: Service, title: str, lines: Sequence[str], url: str, key: str
    ) -> DeliveryError | None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._deadline - min(_GRACE, self._deadline / 4)):
                await self._free.acquire()
                work = loop.run_in_executor(self._threads, _deliver, service, title, lines, url, key)
                work.add_done_callback(self._freed)
                return await asyncio.shield(work)
        except TimeoutError:
            return Retryable(Reason.TIMEOUT)

    def _freed(self, work: asyncio.Future[DeliveryError | None]) -> None:
        self._free.release()
        if not work.cancelled():
            work.exception()  # of one that nobody waits for any more: its text may quote an address


def _deliver(service: Service, title: str, lines: Sequence[str], url: str, key: str) -> DeliveryError | None:
    """Blocks. None when the service took it."""
    from apprise import NotifyFormat

    formats = service[0].notify_format
    markdown = formats in (NotifyFormat.MARKDOWN, (NotifyFormat.MARKDOWN,))
    shown = [(_markdown if markdown else _plain)(line) for line in lines]
    body = "\n".join([*shown, *([url] if url else []), f"message {key}"])
    result = service.notify(
        body=body,
        title=(_markdown if markdown else _plain)(title),
        body_format=NotifyFormat.MARKDOWN if markdown else NotifyFormat.TEXT,
    )
    if result:
        return None
    said = " ".join(str(entry) for entry in result.logs())
    statuses = [int(status) for status in _STATUS.findall(said)]
    return (verdict(statuses[-1], None) if statuses else None) or Retryable(Reason.UNREACHABLE)


def _plain(text: str) -> str:
    """Harmless where links, mentions and tags are made of plain text: none can be."""
    shown = untrusted(text, Sink.PLAIN, limit=_LONGEST_LINE)
    return _tame(shown.replace("<", "\u2039").replace(">", "\u203a"))


def _markdown(text: str) -> str:
    return _tame(untrusted(text, Sink.MARKDOWN, limit=_LONGEST_LINE))


def _tame(text: str) -> str:
    return text.replace("@", "@\u200b").replace("://", ":\u200b//")


def _build(settings: AppriseSettings, _: Tools) -> Apprise:
    import apprise

    library = logging.getLogger("apprise")
    library.propagate = False  # it quotes hosts and addresses
    library.addHandler(logging.NullHandler())
    urls = [url.get_secret_value() for url in settings.urls]
    if settings.urls_file is not None:
        text = settings.urls_file.read_text(encoding="utf-8")
        urls = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if not urls:
            raise ValueError("urls_file: it holds no URL")
    asset = apprise.AppriseAsset(
        app_id="leakstream",
        app_desc="leakstream",
        async_mode=False,
        plugin_paths=[],  # nobody's own plug-ins: a URL must not load code
        storage_mode="memory",
        service_timeout=0,  # ours
        allow_templates=False,
        http_redirects=False,
    )
    services = []
    for number, url in enumerate(urls, 1):
        service = apprise.Apprise(asset=asset)
        if not service.add(url):
            raise ValueError(f"urls: number {number} is none that Apprise knows")
        for each in service:
            each.socket_connect_timeout = each.socket_read_timeout = settings.deadline_seconds / 2
        services.append(service)
    return Apprise(services, deadline=settings.deadline_seconds, at_once=settings.at_once)


PLUGIN: Final = NotifierPlugin(AppriseSettings, _build, "everything that Apprise speaks", sums=_ALL)
