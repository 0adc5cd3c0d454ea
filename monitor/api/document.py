"""The OpenAPI 3.1 description, made of the operations that serve."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from monitor.api.models import Problem
from monitor.api.operation import Operation

_REF: Final = "#/components/schemas/{model}"
_PATH: Final = re.compile(r"{(\w+)}")
_ALWAYS: Final = {
    400: "The request cannot be read, or the proxy's identity headers.",
    401: "No credentials, or wrong ones.",
    403: "Your role does not allow it, or a change did not come from our own page.",
    422: "A word of the question is wrong; the sentence names it.",
    429: "Too many requests: wait as Retry-After says.",
    503: "The store is busy: wait as Retry-After says.",
}
_BODY: Final = {
    408: "The body took too long.",
    413: "The body is too large: 64 KiB at most.",
    415: "The body is no JSON.",
}
_MATCH: Final = {412: "It was changed since you looked."}
_WAITS: Final = frozenset({429, 503})
_PARAMETERS: Final = {
    "id": ("^[0-9a-f]{6,64}$", "an exposure's id, or its beginning"),
    "name": ("^[a-z0-9][a-z0-9_.-]{0,63}$", "of [[sources.ingest.deliveries]]"),
}  # fmt: skip
_SECURITY: Final[dict[str, dict[str, str]]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of [[web.tokens]] or [web] token_file; its role is what it may.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "leakstream_session",
        "description": "The console's own scripts; over https __Host-leakstream. A change also needs the page's token in X-CSRF-Token.",
    },
    "ingestToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of [[sources.ingest.tokens]].",
    },
    "githubSignature": {"type": "apiKey", "in": "header", "name": "X-Hub-Signature-256"},
    "giteaSignature": {"type": "apiKey", "in": "header", "name": "X-Gitea-Signature"},
    "gitlabToken": {"type": "apiKey", "in": "header", "name": "X-Gitlab-Token"},
    "deliverySignature": {
        "type": "apiKey",
        "in": "header",
        "name": "x-twitter-webhooks-signature",
        "description": "Or that of the sender's own kind.",
    },
}
_INFO: Final = (
    "Exposures, coverage, watch lists and ingest. Errors are problem details (RFC 9457). v1 only grows: new fields and operations may come, none"
    " goes away. Foreign texts are as they were found: make them harmless where you show them. How to get in: docs/how-to/console-access.md."
)


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Of these operations, ready for JSON."""
    known = list(operations)
    models: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        (Problem, "serialization")
    ]
    for each in known:
        if each.answer is not None:
            models.append((each.answer, "serialization"))
        if each.body is not None:
            models.append((each.body, "validation"))
    _, made = models_json_schema(models, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for each in known:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    shared = _ALWAYS | _BODY | _MATCH
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "leakstream",
            "version": "1.0.0",  # of the API, not of the program
            "summary": "The API of the console.",
            "description": _INFO,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": made["$defs"],
            "responses": {str(code): _problem(code, shared[code]) for code in sorted(shared)},
            "securitySchemes": _SECURITY,
        },
    }


def _operation(each: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": each.name,
        "tags": [each.tag],
        "summary": each.summary,
        "security": _security(each),
        "responses": _responses(each),
    }
    if each.role is not None:
        told["x-role"] = each.role.word
    if parameters := _parameters(each):
        told["parameters"] = parameters
    if each.body is not None:
        content = {"application/json": {"schema": _ref(each.body)}}
        told["requestBody"] = {"required": each.needs_body, "content": content}
    elif each.raw:
        told["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": dict(schema)} for kind, schema in each.raw.items()},
        }
    return told


def _security(each: Operation) -> list[dict[str, list[str]]]:
    names = each.security if each.role is None else ("token", "session")
    return [{name: []} for name in names]


def _parameters(each: Operation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in _PATH.findall(each.path):
        pattern, about = _PARAMETERS[name]
        schema = {"type": "string", "pattern": pattern}
        found.append({"name": name, "in": "path", "required": True, "description": about, "schema": schema})
    if each.query is not None:
        asked = each.query.model_json_schema()
        for name, told in asked["properties"].items():
            shown = {key: value for key, value in told.items() if key not in ("title", "description")}
            said = {"description": told["description"]} if "description" in told else {}
            needed = name in asked.get("required", ())
            found.append({"name": name, "in": "query", "required": needed, **said, "schema": shown})
    if each.matches:
        found.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "The ETag that you saw: somebody else's change meanwhile is not overwritten (412).",
                "schema": {"type": "string"},
            }
        )
    return found


def _responses(each: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done."}
    if each.answer is not None:
        good["content"] = {"application/json": {"schema": _ref(each.answer)}}
    if each.tagged:
        good["headers"] = {"ETag": {"schema": {"type": "string"}, "description": "For If-Match."}}
    shared: dict[int, str] = {}
    if each.role is not None:
        shared = _ALWAYS | (_BODY if each.changes else {}) | (_MATCH if each.matches else {})
    own = {code: _problem(code, sentence) for code, sentence in each.errors.items()}
    all_errors = {code: {"$ref": f"#/components/responses/{code}"} for code in shared} | own
    return {str(each.status): good, **{str(code): all_errors[code] for code in sorted(all_errors)}}


def _problem(code: int, sentence: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": sentence,
        "content": {"application/problem+json": {"schema": _ref(Problem)}},
    }
    if code in _WAITS:
        told["headers"] = {"Retry-After": {"schema": {"type": "string"}, "description": "Seconds."}}
    return told


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}
