"""What every answer carries, and how a refusal looks: problem details (RFC 9457), so that people and programs read the same."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import orjson
from aiohttp import web

PROBLEM: Final = "application/problem+json"
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # not no-referrer: browsers would send our own forms with `Origin: null`
    "Server": "leakstream",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HTTPS_ONLY: Final = {"Strict-Transport-Security": "max-age=31536000"}


def refusal(status: int, reason: str, request_id: str = "", **headers: str) -> web.Response:
    """A problem with a status; `reason` is a sentence for people. Header names are written with underscores."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": reason}
    if request_id:
        body["request_id"] = request_id
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(body=orjson.dumps(body), status=status, content_type=PROBLEM, headers=named)


def plain(error: web.HTTPException, request_id: str) -> web.StreamResponse:
    """Aiohttp's own errors (404, 405, 413 …) without its words; redirects as they are."""
    if error.status < 400:
        return web.Response(status=error.status, headers={"Location": error.headers["Location"]})
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return refusal(error.status, error.reason.lower(), request_id, **headers)
