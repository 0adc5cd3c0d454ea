"""docs/reference/api.md and openapi.json, from the operations that monitor.api serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from monitor.api.api import Api
from monitor.reference.tables import code, table

_HEAD: Final = """\
# HTTP API

For whoever writes a program that lists, reads or handles exposures. All of it is also in [openapi.json](openapi.json) (OpenAPI 3.1), which the
running service gives at `/api/v1/openapi.json`.

Made from the code by `python -m monitor.reference docs`; a test compares the two.

- Where: the console's listener, `[web]` in the configuration, by default `http://127.0.0.1:8686`.
- Who: a token of `[[web.tokens]]` as `Authorization: Bearer …`, the identity headers of a trusted proxy, or a session of the console. What each
  role may is said below; [console access](../how-to/console-access.md) says how they are given. A session's change also needs the page's token in
  `X-CSRF-Token`. `/ingest` has tokens and secrets of its own.
- Errors are problem details (RFC 9457, `application/problem+json`): `detail` is a sentence for people, `request_id` stands in the log.
- Lists: `limit` and `after`; `next` is the cursor of the following page, `""` at the end.
- Lost updates: `getExposure` gives an `ETag`. A change that sends it as `If-Match` is refused with 412 when somebody was quicker.
- Bodies are JSON of 64 KiB at most, sent in 10 seconds; unknown fields are refused. 429 and 503 say in `Retry-After` how long to wait.
- v1 only grows: ignore fields you do not know.
- Titles, paths, snippets and authors are foreign texts as they were found, masked: make them harmless where you show them. No answer holds a secret.
- Every look at an exposure and every change is written into the access log, with the token's name.

"""
_TAGS: Final = {"exposures": "Exposures", "coverage": "Coverage", "watch": "Watch lists", "service": "Service", "ingest": "Ingest"}  # fmt: skip


def described() -> dict[str, Any]:
    nobody = cast("Any", None)  # only what is declared is read, nothing is asked
    return Api(nobody, nobody, nobody, nobody, nobody, clock=lambda: 0.0).described()


def openapi() -> str:
    """The document as JSON, ended by a line break."""
    return orjson.dumps(described(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def page() -> str:
    found = described()
    by_tag: dict[str, list[str]] = {tag: [] for tag in _TAGS}
    for path, methods in found["paths"].items():
        for method, told in methods.items():
            by_tag[told["tags"][0]].append(_operation(method.upper(), path, told))
    parts = [f"## {title}\n\n" + "\n".join(by_tag[tag]) for tag, title in _TAGS.items()]
    return _HEAD + "\n".join(parts) + "\n## Objects\n\n" + "\n".join(_objects(found["components"]["schemas"]))


def _operation(method: str, path: str, told: Mapping[str, Any]) -> str:
    role = told.get("x-role")
    who = f"Role: {role}." if role else _credentials(told)
    lines = [f"### {method} {path}\n", f"{code(told['operationId'])}: {told['summary']} {who}\n"]
    rows = [
        (code(each["name"]), each["in"], _type(each["schema"]), _about(each, each["schema"]))
        for each in told.get("parameters", ())
    ]
    lines.append(table(("Parameter", "In", "Type", "Meaning"), rows))
    bodies = told.get("requestBody", {}).get("content", {})
    taken = [f"{code(kind)} {_type(content['schema'])}".rstrip() for kind, content in bodies.items()]
    good, *errors = told["responses"].items()
    gives = [_type(content["schema"]) for content in good[1].get("content", {}).values()]
    said = [f"Takes {', '.join(taken)}."] if taken else []
    said.append(
        f"Gives {good[0]}{' ' + gives[0] if gives else ''}; or {', '.join(code for code, _ in errors)}."
    )
    lines.append(" ".join(said) + "\n")
    return "\n".join(line for line in lines if line)


def _credentials(told: Mapping[str, Any]) -> str:
    names = [code(name) for each in told["security"] for name in each]
    return f"Credentials: {', '.join(names)}." if names else "No credentials."


def _objects(schemas: Mapping[str, Mapping[str, Any]]) -> list[str]:
    parts = []
    for name, schema in sorted(schemas.items()):
        about = f"{' '.join(schema['description'].split())}\n\n" if "description" in schema else ""
        needed = schema.get("required", ())
        rows = [
            (code(field), _type(told), "yes" if field in needed else "", _about(told, told))
            for field, told in schema.get("properties", {}).items()
        ]
        parts.append(f"### {name}\n\n{about}{table(('Field', 'Type', 'Always', 'Meaning'), rows)}")
    return parts


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        words = schema.get("enum") or [schema["const"]]
        return ", ".join(code(str(word)) if word else '`""`' for word in words)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema.get("type", "anything"))


def _about(told: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    text = str(told.get("description", ""))
    default = schema.get("default")
    if default not in (None, "", []):
        shown = orjson.dumps(default).decode()
        text = f"{text}; default {code(shown)}" if text else f"default {code(shown)}"
    return text
