"""Who asks GitHub: one credential, or several that each belong to somebody who agreed to it.

More than one is for reading what was listed, never for listing more: a public feed is polled by the first credential alone, at the
rate that the server gives. Sharing tokens to get around limits is against GitHub's terms; a further credential is another App
installation or another user who consented, and the configuration has to name who answers for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, model_validator

from monitor.collectors.apisettings import read_secret
from monitor.collectors.base import SourceContext, SourceSettings
from monitor.collectors.github.app import InstallationToken
from monitor.collectors.upstream import Upstream
from monitor.tools import Tools

_HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
# 900 points a minute are allowed (secondary limit); a GET is one
_INTERVAL: Final = 60 / 900


class AccountSettings(SourceSettings):
    """A further credential: a token, or an App's installation."""

    operator: str = Field(min_length=1, description="who answers for it and agreed that it is used here")
    token: SecretStr | None = Field(None, description="a user's token; or token_file")
    token_file: Path | None = Field(None, description="a file that holds the token")
    app_id: str = Field(
        "", pattern=r"^[A-Za-z0-9.]*$", description="of a GitHub App (its client id does as well)"
    )
    installation_id: str = Field("", pattern=r"^[0-9]*$", description="of the App, where it was installed")
    private_key_file: Path | None = Field(None, description="the App's private key, PEM")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        app = (self.app_id, self.installation_id, self.private_key_file)
        kinds = [self.token is not None, self.token_file is not None, any(app)]
        if sum(kinds) != 1 or (any(app) and not all(app)):
            raise ValueError(
                "give one of token, token_file, or app_id with installation_id and private_key_file"
            )
        return self


class Accounts:
    """`home` is the first: it polls. `best` is whoever may ask most now."""

    def __init__(self, upstreams: Sequence[Upstream]) -> None:
        self.home = upstreams[0]
        self._all = list(upstreams)

    @property
    def count(self) -> int:
        return len(self._all)

    @property
    def asked(self) -> int:
        """Requests that went out, of all."""
        return sum(upstream.asked for upstream in self._all)

    @property
    def heard_at(self) -> float | None:
        """When the server last answered anybody."""
        return max((u.heard_at for u in self._all if u.heard_at is not None), default=None)

    def allowance(self, seconds: float) -> float | None:
        """What all together may ask in the next `seconds`; None when the host named no limit to somebody."""
        told = [upstream.allowance(seconds) for upstream in self._all]
        return None if None in told else sum(share for share in told if share is not None)

    def best(self, now: float) -> Upstream:
        """Not blocked, if there is one such, and with the most requests left in its window."""
        return max(self._all, key=lambda upstream: self._room(upstream, now))

    def _room(self, upstream: Upstream, now: float) -> tuple[bool, float, bool]:
        budget = upstream.budget
        left = budget.remaining if budget.remaining is not None and (budget.reset_at or 0.0) > now else None
        # whoever was told no limit yet is asked next; the one that polls keeps its window for that
        return budget.blocked_until <= now, 1e9 if left is None else float(left), upstream is not self.home


def make_accounts(
    base_url: str, token: str, further: Sequence[AccountSettings], tools: Tools, concurrency: int
) -> Accounts:
    """`token` is the first one's, "" = nobody's where `further` has none to poll with. Raises OSError, ValueError: a file of `further`."""
    made = [_with_token(base_url, token, tools, concurrency)] if token or not further else []
    for account in further:
        number = len(made) + 1
        if account.private_key_file is None:
            secret = read_secret(account.token, account.token_file)
            made.append(_with_token(base_url, secret, tools, concurrency, number))
        else:
            made.append(_installed(base_url, account, account.private_key_file, tools, concurrency))
    return Accounts(made)


def _with_token(base_url: str, token: str, tools: Tools, concurrency: int, number: int = 1) -> Upstream:
    headers = {**_HEADERS, "Authorization": f"Bearer {token}"} if token else _HEADERS
    # the name of the credential: sources with the same token share its limits
    name = hashlib.sha256(token.encode()).hexdigest()[:16] if token else "anonymous"
    budget = tools.http.budget(base_url, name, interval=_INTERVAL, concurrency=concurrency)
    return Upstream(tools.http, tools.metrics, budget, headers=headers, number=number)


def _installed(
    base_url: str, account: AccountSettings, key: Path, tools: Tools, concurrency: int
) -> Upstream:
    name = f"installation {account.installation_id}"
    budget = tools.http.budget(base_url, name, interval=_INTERVAL, concurrency=concurrency)
    # asking for a token is no use of the installation's window
    claims = tools.http.budget(base_url, f"app {account.app_id}", interval=1.0, concurrency=1)
    asking = Upstream(tools.http, tools.metrics, claims, headers=_HEADERS)
    token = InstallationToken(asking, base_url, account.app_id, account.installation_id, key)

    async def authorize(context: SourceContext) -> str:
        return await token.header(context)

    return Upstream(tools.http, tools.metrics, budget, headers=_HEADERS, authorize=authorize)
