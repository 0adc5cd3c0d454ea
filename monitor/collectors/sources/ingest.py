"""Documents and push webhooks that others hand in over HTTP, on the service's web listener.

    POST /ingest/v1/documents   one document (the body) or many (NDJSON); see monitor.collectors.ingest_documents
    POST /ingest/github         push webhooks, signed with the webhook's secret
    POST /ingest/gitlab         push webhooks, with the webhook's token or Standard Webhooks signature

Of a push its messages are taken, not its files: a webhook brings none. It is counted as dropped `push_files`; let the source `git`
follow the repository to read them.

202 means: the bus has it. 401 credentials, 408 too slow, 413 too large, 415 compressed, 422 unreadable, 429 over the token's rate and
503 the bus takes nothing now (both with Retry-After): nothing was promised, send the same again. Sending twice does no harm.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
import structlog
from aiohttp import web
from pydantic import Field

from monitor.aio import spawn
from monitor.collectors import ingest_auth as auth
from monitor.collectors import ingest_push as push
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings, Stopping
from monitor.collectors.ingest_documents import MANY, Sender, Unacceptable, read_many, read_one
from monitor.config import ConfigError
from monitor.contracts import Document, Request
from monitor.tools import Tools
from monitor.web import Access, Web, refusal

_LOG = structlog.get_logger("ingest")
_HOOK_BYTES: Final = 25 * 1024 * 1024  # GitHub sends no larger ones
_AT_ONCE: Final = 8  # bodies in memory
_READ_SECONDS: Final = 60.0
_BUSY_SECONDS: Final = 5


class Settings(SourceSettings):
    """[sources.ingest]"""

    tokens: tuple[auth.TokenSettings, ...] = Field((), description="who may hand in documents")
    github: tuple[auth.GitHubHookSettings, ...] = Field((), description="GitHub webhooks")
    gitlab: tuple[auth.GitLabHookSettings, ...] = Field((), description="GitLab webhooks")
    patience_seconds: float = Field(
        10.0, gt=0, le=120, description="how long a request waits for the bus before it is told to come back"
    )


class _Refused(Exception):
    """A request that is answered with an error. `headers` with underscores."""

    def __init__(self, status: int, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.answer = refusal(status, reason, **headers)


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
        self._gitlab_tokens = [hook.read() for hook in settings.gitlab if not hook.signs]
        self._gitlab_keys = [auth.signing_key(hook.read()) for hook in settings.gitlab if hook.signs]
        self._context: SourceContext | None = None
        self._busy = 0
        self._emitting: set[asyncio.Task[None]] = set()
        listener.add_routes(
            [
                web.post("/ingest/v1/documents", self._answering(self._documents)),
                web.post("/ingest/github", self._answering(self._from_github)),
                web.post("/ingest/gitlab", self._answering(self._from_gitlab)),
            ],
            Access.OWN,
        )

    async def run(self, context: SourceContext) -> None:
        self._context = context
        context.healthy()
        try:
            await context.stop.wait()
        finally:
            self._context = None
            if self._emitting:
                await asyncio.wait(self._emitting)

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
            except _Refused as error:
                return error.answer
            finally:
                self._busy -= 1

        return answered

    async def _documents(self, request: web.Request, context: SourceContext) -> web.Response:
        name = auth.find_bearer(request.headers.get("Authorization", ""), self._tokens)
        if name is None:
            raise _Refused(401, "an ingest token is needed", WWW_Authenticate="Bearer")
        wait = self._rates[name].wait()
        if wait:
            raise _Refused(429, "more than this token's rate", Retry_After=str(math.ceil(wait)))
        body = await _read(request, self._senders[name].max_bytes)
        by = Sender(context.name, name, context.now(), self._forges[name])
        try:
            if request.content_type == MANY:
                documents = read_many(body, by)
            else:
                documents = [read_one(body, request.query, request.content_type, by)]
        except Unacceptable as error:
            raise _Refused(422, str(error)) from None
        self._rates[name].take(len(documents))
        await self._emit(context, documents)
        return _accepted(documents)

    async def _from_github(self, request: web.Request, context: SourceContext) -> web.Response:
        if not request.headers.get("X-Hub-Signature-256"):
            raise _Refused(401, "no signature")
        body = await _read(request, _HOOK_BYTES)
        known = [auth.is_github(secret, body, request.headers) for secret in self._github]  # all compared
        if not any(known):
            raise _Refused(401, "the signature is not ours")
        if request.headers.get("X-GitHub-Event") != "push":
            return _ignored(context, ping=request.headers.get("X-GitHub-Event") == "ping")
        found = push.read_github(_payload(request, body), source=context.name, now=context.now())
        key = push.delivery_key("github", request.headers.get("X-GitHub-Delivery", ""), body)
        return await self._take(context, found, key)

    async def _from_gitlab(self, request: web.Request, context: SourceContext) -> web.Response:
        headers = request.headers
        if not headers.get("X-Gitlab-Token") and not headers.get("webhook-signature"):
            raise _Refused(401, "no token and no signature")
        body = await _read(request, _HOOK_BYTES)
        now = self._clock()
        known = [auth.is_gitlab_token(token, headers) for token in self._gitlab_tokens]
        known += [auth.is_standard_webhook(key, body, headers, now) for key in self._gitlab_keys]
        if not any(known):
            raise _Refused(401, "the token or signature is not ours")
        payload = _payload(request, body)
        if payload.get("object_kind") not in ("push", "tag_push"):
            return _ignored(context)
        found = push.read_gitlab(payload, source=context.name, now=context.now())
        identifier = headers.get("webhook-id") or headers.get("Idempotency-Key") or ""
        return await self._take(context, found, push.delivery_key("gitlab", identifier, body))

    async def _take(self, context: SourceContext, found: push.Push, key: bytes) -> web.Response:
        """A delivery that was taken before is answered alike, and nothing is done."""
        try:
            async with asyncio.timeout(self._patience):
                is_new = bool(await context.state.unseen(context.name, [key]))
        except (TimeoutError, Stopping):
            raise _Refused(503, "the state is busy", Retry_After=str(_BUSY_SECONDS)) from None
        if not is_new:
            return _accepted(())
        if found.refused:
            context.dropped("clone_url_refused")
        await self._emit(context, found.documents, found.requests, seen=[key])
        if found.requests:  # which nobody answers yet
            context.dropped("push_files")
        return _accepted(found.documents)

    async def _emit(
        self,
        context: SourceContext,
        documents: Sequence[Document],
        requests: Sequence[Request] = (),
        *,
        seen: Sequence[bytes] = (),
    ) -> None:
        """Return when the bus has it. What takes too long goes on by itself (and holds its place), the sender is sent away."""
        task = spawn(context.emit(documents, requests=requests, seen=seen), name="ingest:emit")
        self._emitting.add(task)
        task.add_done_callback(self._emitted)
        done, _ = await asyncio.wait({task}, timeout=self._patience)
        if not done:
            self._busy += 1
            task.add_done_callback(self._give_back)
        if not done or task.cancelled() or task.exception() is not None:
            raise _Refused(503, "the bus takes nothing now", Retry_After=str(_BUSY_SECONDS))
        context.healthy()

    def _give_back(self, _: asyncio.Task[None]) -> None:
        self._busy -= 1

    def _emitted(self, task: asyncio.Task[None]) -> None:
        self._emitting.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Stopping):
            _LOG.error("documents were not taken", error=type(error).__name__)


async def _read(request: web.Request, limit: int) -> bytes:
    """The raw body."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _Refused(415, "send it uncompressed")
    if (request.content_length or 0) > limit:
        raise _Refused(413, f"more than {limit} bytes")
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_READ_SECONDS):
            async for piece in request.content.iter_any():
                size += len(piece)
                if size > limit:
                    raise _Refused(413, f"more than {limit} bytes")
                pieces.append(piece)
    except TimeoutError:
        raise _Refused(408, f"the body took longer than {_READ_SECONDS:.0f} s") from None
    return b"".join(pieces)


def _payload(request: web.Request, body: bytes) -> Mapping[str, Any]:
    if request.content_type != "application/json":
        raise _Refused(415, "set the webhook's content type to application/json")
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _Refused(422, "not JSON") from None
    if not isinstance(payload, dict):
        raise _Refused(422, "not an object")
    return payload


def _accepted(documents: Sequence[Document]) -> web.Response:
    body = orjson.dumps({"accepted": len(documents)})
    return web.Response(body=body, status=202, content_type="application/json")


def _ignored(context: SourceContext, *, ping: bool = False) -> web.Response:
    if not ping:
        context.dropped("webhook_event")
    return _accepted(())


def _build(settings: Settings, tools: Tools) -> Ingest:
    if tools.web is None:
        raise ConfigError("[sources.ingest] needs the web listener, which this process does not have")
    try:
        return Ingest(settings, tools, tools.web)
    except (OSError, ValueError) as error:
        raise ConfigError(f"[sources.ingest]: {error}") from error


PLUGIN: Final = SourcePlugin(
    Settings, _build, "documents, and commit messages of push webhooks, handed in over HTTP", shared=False
)
