"""GitLab's token: whether it is good, may read the API, and may do no more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from monitor import app
from monitor.collectors.gitlab.settings import GitLabSettings
from monitor.commands.doctor.asking import Answer, NoAnswer, ask
from monitor.commands.doctor.check import Check, Found, Patient, fail, ok, warn
from monitor.http import Response
from monitor.untrusted import Sink, untrusted

_NAME: Final = "token"
_TABLE: Final = "sources.gitlab"
_PAGE: Final = "docs/how-to/tokens.md"
_ENOUGH: Final = frozenset({"read_api", "api"})
_NEAR: Final = timedelta(days=14)


def look(patient: Patient) -> Found:
    settings = patient.config.sources.get("gitlab")
    if not isinstance(settings, GitLabSettings) or patient.offline:
        return
    try:
        secret = settings.secret()
    except OSError:
        return  # told with the secrets
    except ValueError as error:
        yield fail(_NAME, f"{_TABLE}: {error}", "write the token into it")
        return
    if not secret:
        told = f"{_TABLE}: none, so fewer requests and no code search"
        yield warn(_NAME, told, f"make one with read_api, as token_file; see {_PAGE}")
        return
    who = f"GitLab ({settings.base_url.partition('://')[2]})"
    answer = asyncio.run(_asked(patient, settings.base_url, secret, who))
    if isinstance(answer, NoAnswer):
        yield fail(_NAME, answer.found, answer.advice)
        return
    if answer.reading is not None:
        yield answer.reading
    yield from _judged(answer.response, who, date.fromtimestamp(patient.clock()))  # noqa: DTZ012 - a day more or less


async def _asked(patient: Patient, base: str, secret: str, who: str) -> Answer | NoAnswer:
    """One try: refused tokens that are shown again and again ban an address."""
    headers = {"Accept": "application/json", "PRIVATE-TOKEN": secret}
    async with app.polite_client(patient.config) as http:
        return await ask(
            http, f"{base}/personal_access_tokens/self", who, headers=headers, clock=patient.clock
        )


def _judged(response: Response, who: str, today: date) -> Iterator[Check]:
    body = _body(response)
    if response.status == 401:
        told = f"{_TABLE}: {who} answers 401: the token is wrong, revoked or at its end"
        yield fail(_NAME, told, f"make a new one with read_api and write it into token_file; see {_PAGE}")
        return
    if response.status != 200 or body is None:
        told = f"{_TABLE}: {who} answers {response.status}, and does not say what the token may do"
        yield warn(_NAME, told, "see that base_url is the REST API's (https://HOST/api/v4), then try again")
        return
    scopes = {str(scope) for scope in body["scopes"]}
    named = untrusted(", ".join(sorted(scopes)) or "none", Sink.TERMINAL)
    if not scopes & _ENOUGH:
        told = f"{_TABLE}: the token has no right to read the API of {who}; its scopes: {named}"
        yield fail(_NAME, told, f"make one with read_api; see {_PAGE}")
    elif scopes - {"read_api", "read_repository", "read_user"}:
        told = f"{_TABLE}: good at {who}, but it may do more than read: {named}"
        yield warn(_NAME, told, f"make one with read_api alone; see {_PAGE}")
    elif (ends := _day(body.get("expires_at"))) is not None and ends - today < _NEAR:
        yield warn(
            _NAME, f"{_TABLE}: good at {who}; it ends on {ends}", f"make the next one now; see {_PAGE}"
        )
    else:
        yield ok(_NAME, f"{_TABLE}: good at {who}, {named}")


def _body(response: Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("scopes"), list) else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
