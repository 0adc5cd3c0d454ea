"""Operations as routes: what was asked is checked against the operation's models, errors become problems."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping
from pydantic import BaseModel, ValidationError

from monitor.api.operation import Answered, Asked, Operation
from monitor.coverage.chain import LedgerBroken
from monitor.store.errors import Overtaken, StoreBusy
from monitor.web import Web, identity, refusal
from monitor.web.web import REQUEST_ID

_BUSY_SECONDS: Final = 2
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_ETAG: Final = re.compile(r'"([0-9a-f]{16})"')
_NOBODYS: Final = "-"  # a mark that no exposure ever has


class Invalid(ValueError):
    """The message names the field, and never its value."""


def add_to(listener: Web, operations: list[Operation]) -> None:
    for operation in operations:
        route = web.route(operation.method, operation.path, _serving(operation))
        listener.add_routes([route], role=operation.role)


def _serving(operation: Operation) -> Callable[[web.Request], Awaitable[web.Response]]:
    handler = operation.handler
    assert handler is not None

    async def served(request: web.Request) -> web.Response:
        request_id = request[REQUEST_ID]
        try:
            answered = await handler(_asked(operation, request, await request.read()))
        except LookupError as error:
            return refusal(404, str(error), request_id)
        except Invalid as error:
            return refusal(422, str(error), request_id)
        except Overtaken as error:
            return refusal(412, str(error), request_id)
        except (StoreBusy, LedgerBroken) as error:
            reason = str(error) if isinstance(error, LedgerBroken) else "the store is busy"
            return refusal(503, reason, request_id, Retry_After=str(_BUSY_SECONDS))
        except ValueError as error:  # a state that does not allow it, in a sentence for people
            return refusal(409, str(error), request_id)
        return _answer(operation, answered)

    return served


def _answer(operation: Operation, answered: Answered) -> web.Response:
    headers = {"ETag": f'"{answered.etag}"'} if answered.etag else {}
    return web.Response(
        text=answered.body.model_dump_json(),
        status=operation.status,
        content_type="application/json",
        headers=headers,
    )


def _asked(operation: Operation, request: web.Request, body: bytes) -> Asked:
    """Raises Invalid, HTTPUnsupportedMediaType."""
    who = identity(request)
    return Asked(
        who.name,
        who.role,
        request.match_info,
        query=_query(operation.query, request.query),
        body=_body(operation, request, body),
        match=_match(request.headers.getall("If-Match", [])) if operation.matches else "",
    )


def _query(model: type[BaseModel] | None, given: MultiMapping[str]) -> BaseModel | None:
    if model is None:
        if given:
            raise Invalid("this takes no query")
        return None
    values: dict[str, Any] = {}
    for name in given:
        field = model.model_fields.get(name)
        many = given.getall(name)
        if field is not None and str(field.annotation).startswith("tuple"):
            values[name] = many
            continue
        if len(many) > 1:
            raise Invalid(f"{name[:40]}: give it once")
        if field is not None and field.annotation is int and not _NUMBER.fullmatch(many[0]):
            raise Invalid(f"{name}: a number is expected")
        values[name] = many[0]
    return _checked(model, values)


def _body(operation: Operation, request: web.Request, body: bytes) -> BaseModel | None:
    model = operation.body
    if model is None:
        if body:
            raise Invalid("this takes no body")
        return None
    if not body and not operation.needs_body:
        return model()
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Invalid(_sentence(error)) from None


def _checked(model: type[BaseModel], values: dict[str, Any]) -> BaseModel:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Invalid(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part)[:40] for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def _match(given: list[str]) -> str:
    """The mark of an ETag; `*` fits whatever is there, what cannot be ours fits nothing."""
    if not given or given == ["*"]:
        return ""
    found = _ETAG.fullmatch(given[0].strip()) if len(given) == 1 else None
    return found[1] if found else _NOBODYS
