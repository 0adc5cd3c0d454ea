"""Documents and push webhooks that others hand in over HTTP, on the service's web listener.

    POST /ingest/v1/documents   one document (the body) or many (NDJSON); see monitor.collectors.handin.documents
    POST /ingest/ail            one item of an AIL feeder; also below it where a feeder's library adds AIL's own path
    POST /ingest/github         webhooks, signed with the webhook's secret
    POST /ingest/gitea          webhooks of Gitea and Forgejo, signed likewise
    POST /ingest/gitlab         webhooks, with the webhook's token or Standard Webhooks signature
    POST /ingest/deliveries/NAME  deliveries made for your own subscriptions, looked at for what should not have come (docs/how-to/misdelivery.md)
    GET  /ingest/deliveries/NAME  X's challenge

Of a push its messages are taken, not its files: a webhook brings none. The source `git`, where it is configured, is asked to read
them; also a repository that was made public. Of other events the texts that people wrote are taken.

202 means: the bus has it. 401 credentials, 408 too slow, 413 too large, 415 compressed, 422 unreadable, 429 over the token's rate and
503 the bus takes nothing now (both with Retry-After): nothing was promised, send the same again. Sending twice does no harm.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import structlog
from aiohttp import web
from pydantic import Field

from monitor.aio import spawn
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings, Stopping
from monitor.collectors.handin import ail, auth, hooks, push
from monitor.collectors.handin.documents import MANY, Sender, Unacceptable, read_many, read_one, trace_of
from monitor.collectors.handin.request import HOOK_BYTES, Refused, accepted, payload_of, read_body
from monitor.collectors.handin.webhook import Webhook, Webhooks
from monitor.config import ConfigError
from monitor.contracts import Document, Request
from monitor.tools import Tools
from monitor.web import Access, Web, refusal

_LOG = structlog.get_logger("ingest")
_AIL_PATH: Final = "/api/v1/import/json/item"  # that PyAIL appends to the address it is given
_DELIVERIES: Final = "/ingest/deliveries/{name}"
_TELL_SECONDS: Final = 10.0
_AT_ONCE: Final = 8  # bodies in memory
_BUSY_SECONDS: Final = 5


class Settings(SourceSettings):
    """[sources.ingest]"""

    tokens: tuple[auth.TokenSettings, ...] = Field((), description="who may hand in documents")
    github: tuple[auth.GitHubHookSettings, ...] = Field((), description="GitHub webhooks")
    gitlab: tuple[auth.GitLabHookSettings, ...] = Field((), description="GitLab webhooks")
    gitea: tuple[auth.GiteaHookSettings, ...] = Field((), description="Gitea and Forgejo webhooks")
    deliveries: tuple[auth.DeliverySettings, ...] = Field(
        (), description="webhooks whose deliveries are looked at for what should not have come"
    )
    patience_seconds: float = Field(
        10.0, gt=0, le=120, description="how long a request waits for the bus before it is told to come back"
    )


class Ingest:
    """The source: answers while `run` runs, 503 before and after."""

    def __init__(self, settings: Settings, tools: Tools, listener: Web) -> None:
        """Reads the secrets' files. Raises OSError, ValueError."""
        self._patience = settings.patience_seconds
        self._clock = tools.clock
        self._senders = {sender.name: sender for sender in settings.tokens}
        self._tokens = [(sender.name, sender.read()) for sender in settings.tokens]
        self._rates = {
            sender.name: auth.Rate(sender.rate_per_minute, tools.clock) for sender in settings.tokens
        }
        self._forges = {
            sender.name: frozenset(forge.lower() for forge in sender.forges) for sender in settings.tokens
        }
        self._github = [hook.read() for hook in settings.github]
        self._gitea = [(hook.host or hook.name, hook.read()) for hook in settings.gitea]
        self._gitlab_tokens = [hook.read() for hook in settings.gitlab if not hook.signs]
        self._gitlab_keys = [auth.signing_key(hook.read()) for hook in settings.gitlab if hook.signs]
        self._webhooks = Webhooks([Webhook(each) for each in settings.deliveries])
        self._context: SourceContext | None = None
        self._busy = 0
        self._emitting: set[asyncio.Task[None]] = set()
        listener.add_routes(
            [
                web.post("/ingest/v1/documents", self._answering(self._documents)),
                web.post("/ingest/ail", self._answering(self._from_ail)),
                web.post(f"/ingest/ail{_AIL_PATH}", self._answering(self._from_ail)),
                web.post("/ingest/gitea", self._answering(self._from_gitea)),
                web.post("/ingest/github", self._answering(self._from_github)),
                web.post("/ingest/gitlab", self._answering(self._from_gitlab)),
                web.post(_DELIVERIES, self._answering(self._delivered)),
                web.get(_DELIVERIES, self._answering(self._challenged), allow_head=False),
            ],
            Access.OWN,
        )

    async def run(self, context: SourceContext) -> None:
        self._context = context
        context.healthy()
        try:
            while not await context.sleep(_TELL_SECONDS):
                await self._webhooks.tell(context)
        finally:
            self._context = None
            if self._emitting:
                await asyncio.wait(self._emitting)
            with suppress(Stopping):  # what waits is kept: the next start tells it
                await self._webhooks.tell(context, at_once=True)

    def _answering(
        self, handler: Callable[[web.Request, SourceContext], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answered(request: web.Request) -> web.Response:
            context = self._context
            if context is None or self._busy >= _AT_ONCE:
                return refusal(503, "busy; send it again later", Retry_After=str(_BUSY_SECONDS))
            self._busy += 1
            try:
                return await handler(request, context)
            except Refused as error:
                return error.answer
            finally:
                self._busy -= 1

        return answered

    async def _documents(self, request: web.Request, context: SourceContext) -> web.Response:
        by = self._sender(request.headers.get("Authorization", ""), context)
        name = by.name
        body = await read_body(request, self._senders[name].max_bytes)
        try:
            if request.content_type == MANY:
                documents = read_many(body, by)
            else:
                documents = [read_one(body, request.query, request.content_type, by)]
        except Unacceptable as error:
            raise Refused(422, str(error)) from None
        self._rates[name].take(len(documents))
        if trace := trace_of(request.headers.get("traceparent", "")):
            documents = [replace(document, trace_id=trace) for document in documents]
        await self._emit(context, documents)
        return accepted(documents)

    async def _from_ail(self, request: web.Request, context: SourceContext) -> web.Response:
        header = request.headers.get("Authorization", "")
        by = self._sender(header if " " in header else f"Bearer {header}", context)  # AIL's key stands alone
        limit = self._senders[by.name].max_bytes
        body = await read_body(request, limit)
        try:
            # in a thread: base64 and gzip of megabytes
            document = await asyncio.to_thread(ail.read, body, by, max_bytes=limit)
        except Unacceptable as error:
            context.dropped("bad_ail_item")
            raise Refused(413 if isinstance(error, ail.TooLarge) else 422, str(error)) from None
        self._rates[by.name].take(1)
        await self._emit(context, [document])
        return accepted([document])

    def _sender(self, header: str, context: SourceContext) -> Sender:
        """Whose token it is. Raises Refused: 401, 429."""
        name = auth.find_bearer(header, self._tokens)
        if name is None:
            raise Refused(401, "an ingest token is needed", WWW_Authenticate="Bearer")
        wait = self._rates[name].wait()
        if wait:
            raise Refused(429, "more than this token's rate", Retry_After=str(math.ceil(wait)))
        return Sender(context.name, name, context.now(), self._forges[name])

    async def _from_github(self, request: web.Request, context: SourceContext) -> web.Response:
        if not request.headers.get("X-Hub-Signature-256"):
            raise Refused(401, "no signature")
        body = await read_body(request, HOOK_BYTES)
        known = [auth.is_github(secret, body, request.headers) for secret in self._github]  # all compared
        if not any(known):
            raise Refused(401, "the signature is not ours")
        event = request.headers.get("X-GitHub-Event", "")
        key = push.delivery_key("github", request.headers.get("X-GitHub-Delivery", ""), body)
        return await self._event(context, event, payload_of(request, body), key, "github.com")

    async def _from_gitea(self, request: web.Request, context: SourceContext) -> web.Response:
        headers = request.headers
        if not headers.get("X-Gitea-Signature") and not headers.get("X-Forgejo-Signature"):
            raise Refused(401, "no signature")
        body = await read_body(request, HOOK_BYTES)
        known = [(auth.is_gitea(secret, body, headers), host) for host, secret in self._gitea]  # all compared
        host = next((name for fits, name in known if fits), None)
        if host is None:
            raise Refused(401, "the signature is not ours")
        event = headers.get("X-Forgejo-Event") or headers.get("X-Gitea-Event") or ""
        identifier = headers.get("X-Forgejo-Delivery") or headers.get("X-Gitea-Delivery") or ""
        key = push.delivery_key(f"gitea {host}", identifier, body)
        return await self._event(context, event, payload_of(request, body), key, host)

    async def _event(
        self, context: SourceContext, event: str, payload: Mapping[str, Any], key: bytes, forge: str
    ) -> web.Response:
        """Of GitHub's kind."""
        read = {"source": context.name, "forge": forge}
        if event == "push":
            return await self._take(context, push.read_github(payload, now=context.now(), **read), key)
        found = hooks.read_github(event, payload, now=context.now(), **read)
        if found is None:
            return _ignored(context, ping=event == "ping")
        return await self._take(context, found, key)

    async def _from_gitlab(self, request: web.Request, context: SourceContext) -> web.Response:
        headers = request.headers
        if not headers.get("X-Gitlab-Token") and not headers.get("webhook-signature"):
            raise Refused(401, "no token and no signature")
        body = await read_body(request, HOOK_BYTES)
        now = self._clock()
        known = [auth.is_gitlab_token(token, headers) for token in self._gitlab_tokens]
        known += [auth.is_standard_webhook(key, body, headers, now) for key in self._gitlab_keys]
        if not any(known):
            raise Refused(401, "the token or signature is not ours")
        payload = payload_of(request, body)
        is_push = payload.get("object_kind") in ("push", "tag_push")
        read_gitlab = push.read_gitlab if is_push else hooks.read_gitlab
        found = read_gitlab(payload, source=context.name, now=context.now())
        if found is None:
            return _ignored(context)
        identifier = headers.get("webhook-id") or headers.get("Idempotency-Key") or ""
        return await self._take(context, found, push.delivery_key("gitlab", identifier, body))

    async def _delivered(self, request: web.Request, context: SourceContext) -> web.Response:
        webhook, events = await self._webhooks.read(request, context)
        await self._finish(context, webhook.take(context, events))
        return accepted(events, status=200)  # X wants no other

    async def _challenged(self, request: web.Request, _: SourceContext) -> web.Response:
        return self._webhooks.challenged(request)

    async def _take(self, context: SourceContext, found: push.Push, key: bytes) -> web.Response:
        """A delivery that was taken before is answered alike, and nothing is done."""
        try:
            async with asyncio.timeout(self._patience):
                is_new = bool(await context.state.unseen(context.name, [key]))
        except (TimeoutError, Stopping):
            raise Refused(503, "the state is busy", Retry_After=str(_BUSY_SECONDS)) from None
        if not is_new:
            return accepted(())
        if found.refused:
            context.dropped("clone_url_refused")
        await self._emit(context, found.documents, found.requests, seen=[key])
        return accepted(found.documents)

    async def _emit(
        self,
        context: SourceContext,
        documents: Sequence[Document],
        requests: Sequence[Request] = (),
        *,
        seen: Sequence[bytes] = (),
    ) -> None:
        await self._finish(context, context.emit(documents, requests=requests, seen=seen))

    async def _finish(self, context: SourceContext, work: Coroutine[Any, Any, None]) -> None:
        """Return when the bus has it. What takes too long goes on by itself (and holds its place), the sender is sent away."""
        task = spawn(work, name="ingest:emit")
        self._emitting.add(task)
        task.add_done_callback(self._emitted)
        done, _ = await asyncio.wait({task}, timeout=self._patience)
        if not done:
            self._busy += 1
            task.add_done_callback(self._give_back)
        if not done or task.cancelled() or task.exception() is not None:
            raise Refused(503, "the bus takes nothing now", Retry_After=str(_BUSY_SECONDS))
        context.healthy()

    def _give_back(self, _: asyncio.Task[None]) -> None:
        self._busy -= 1

    def _emitted(self, task: asyncio.Task[None]) -> None:
        self._emitting.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Stopping):
            _LOG.error("documents were not taken", error=type(error).__name__)


def _ignored(context: SourceContext, *, ping: bool = False) -> web.Response:
    if not ping:
        context.dropped("webhook_event")
    return accepted(())


def _build(settings: Settings, tools: Tools) -> Ingest:
    if tools.web is None:
        raise ConfigError("[sources.ingest] needs the web listener, which this process does not have")
    try:
        return Ingest(settings, tools, tools.web)
    except (OSError, ValueError) as error:
        raise ConfigError(f"[sources.ingest]: {error}") from error


PLUGIN: Final = SourcePlugin(
    Settings, _build, "documents, items of AIL feeders, and webhooks, handed in over HTTP", shared=False
)
