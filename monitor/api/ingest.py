"""/ingest: what others hand in. Served by the source `ingest` (monitor.collectors.sources.ingest), where it is configured; here is what it takes.

Each has credentials of its own: the tokens and secrets of [sources.ingest], never those of [web].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from monitor.api.models import Answer, Question
from monitor.api.operation import Operation

_TAG: Final = "ingest"
_TEXT: Final[Mapping[str, Any]] = {"type": "string"}
_OBJECT: Final[Mapping[str, Any]] = {"type": "object"}
_ERRORS: Final = {
    401: "Credentials that are not ours.",
    408: "The body took too long.",
    413: "The body is too large.",
    415: "Compressed, or of a type that is not taken.",
    422: "The body cannot be read.",
    429: "More than the token's rate.",
    503: "The bus takes nothing now: nothing was promised, send the same again.",
}


class Accepted(Answer):
    """The bus has it. Nothing is said of what became of it."""

    accepted: int
    status: str


class DocumentQuery(Question):
    """What is known of one document; of NDJSON each line has the same."""

    id: str = Field("", description="yours: the same id again is the same document")
    published_at: str = Field("", description="epoch seconds or ISO 8601")
    forge: str = ""
    repository: str = ""
    owner: str = ""
    url: str = ""
    commit: str = ""
    ref: str = ""
    path: str = ""
    title: str = ""
    author: str = ""


def operations() -> list[Operation]:
    """None has a handler."""

    def post(
        name: str, path: str, summary: str, raw: Mapping[str, Any], security: str, **more: Any
    ) -> Operation:
        return Operation(
            name, "POST", path, _TAG, summary, None, Accepted, raw=raw, security=(security,), errors=_ERRORS,
            **{"status": 202, **more},
        )  # fmt: skip

    hook = {"application/json": _OBJECT}
    return [
        post(
            "handInDocuments", "/ingest/v1/documents",
            "One document (the body as it lies, the rest in the query) or many (application/x-ndjson, an object a line with `content`"
            " or `content_base64`). 202: the bus has it.",
            {"application/octet-stream": _TEXT, "text/plain": _TEXT, "application/x-ndjson": _TEXT},
            "ingestToken", query=DocumentQuery,
        ),
        post("handInFromAil", "/ingest/ail", "One item of an AIL feeder.", hook, "ingestToken"),
        post(
            "handInFromAilFeeder", "/ingest/ail/api/v1/import/json/item", "The same, where a feeder's library adds AIL's own path.",
            hook, "ingestToken",
        ),
        post("hookGithub", "/ingest/github", "A webhook of GitHub, signed.", hook, "githubSignature"),
        post("hookGitea", "/ingest/gitea", "A webhook of Gitea or Forgejo, signed.", hook, "giteaSignature"),
        post("hookGitlab", "/ingest/gitlab", "A webhook of GitLab, with its token or signature.", hook, "gitlabToken"),
        post(
            "handInDelivery", "/ingest/deliveries/{name}",
            "A delivery made for your own subscription, looked at for what should not have come (docs/how-to/misdelivery.md).",
            hook, "deliverySignature", status=200,
        ),
        Operation(
            "challengeDelivery", "GET", "/ingest/deliveries/{name}", _TAG, "X's challenge of a webhook.", None, None,
            errors={400: "No challenge."}, security=(),
        ),
    ]  # fmt: skip
