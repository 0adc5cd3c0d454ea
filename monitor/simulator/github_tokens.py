"""What tokens are worth at the GitHub API: every text is a good token without a scope, unless it is named here."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

REVOKED = (401, "Bad credentials")
POWERLESS = (403, "Resource not accessible by personal access token")


@dataclass(slots=True)
class Tokens:
    """May be changed at any time. `scopes` of a classic token, as GitHub lists them: "repo, gist"; `ends` as "2026-12-24 10:00:00 UTC"."""

    revoked: set[str] = field(default_factory=set)
    powerless: set[str] = field(default_factory=set)  # known, and without the right to read anything
    scopes: dict[str, str] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)

    def refused(self, request: web.Request) -> tuple[int, str] | None:
        """Status and message."""
        token = _token(request)
        if token in self.revoked:
            return REVOKED
        if token in self.powerless and not request.path.endswith("/rate_limit"):
            return POWERLESS
        return None

    def headers(self, request: web.Request) -> dict[str, str]:
        """What an answer says of the token that asked."""
        token = _token(request)
        said = {
            "X-OAuth-Scopes": self.scopes.get(token),
            "GitHub-Authentication-Token-Expiration": self.ends.get(token),
        }
        return {name: value for name, value in said.items() if value is not None}


def _token(request: web.Request) -> str:
    return request.headers.get("Authorization", "").partition(" ")[2]
