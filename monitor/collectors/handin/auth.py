"""Who may hand documents in: bearer tokens of our own, the webhook credentials of GitHub, GitLab, Gitea and Forgejo. Every comparison takes constant
time, every signature is checked over the raw bytes.

GitHub: `X-Hub-Signature-256: sha256=<hex HMAC-SHA256(secret, body)>` (docs.github.com, validating webhook deliveries). GitLab:
`X-Gitlab-Token`, or the signature of standardwebhooks.com: `webhook-signature: v1,<base64 HMAC-SHA256(key, id.timestamp.body)>`
(several, separated by blanks), the key being the base64 behind `whsec_`, the timestamp at most five minutes off. Gitea and Forgejo:
`X-Gitea-Signature` or `X-Forgejo-Signature`, the bare hex of GitHub's HMAC. X: `x-twitter-webhooks-signature: sha256=<base64 of that HMAC>`, and
the same over a token of its own to see whether we know the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

TOLERANCE_SECONDS: Final = 300.0
_PREFIX: Final = "whsec_"
_SHORTEST: Final = 16
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_.=+/-]{1,256}", re.ASCII)


class Credential(BaseModel):
    """Base of the tables: a name and one secret, inline or in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$", description="names the sender in ids and as forge"
    )

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        given = [key for key in self._secrets() if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(self._secrets())}")
        return self

    def read(self) -> bytes:
        """The secret. Reads the file, if it is one (blocks). Raises OSError, ValueError (too short)."""
        for key in self._secrets():
            value = getattr(self, key)
            if value is None:
                continue
            text = value.read_text("utf-8") if isinstance(value, Path) else value.get_secret_value()
            if len(text.strip()) < _SHORTEST:
                raise ValueError(f"ingest {self.name}: {key} has less than {_SHORTEST} characters")
            return text.strip().encode()
        raise AssertionError("validated: there is one")

    @classmethod
    def _secrets(cls) -> list[str]:
        return [key for key in cls.model_fields if key.removesuffix("_file").endswith(("token", "secret"))]


class TokenSettings(Credential):
    """[[sources.ingest.tokens]]: for POST /ingest/v1/documents."""

    token: SecretStr | None = Field(None, description="sent as `Authorization: Bearer …`")
    token_file: Path | None = Field(None, description="a file that holds the token")
    forges: tuple[str, ...] = Field(
        (), description="forges it is trusted to speak for: only places there can prove ownership"
    )
    rate_per_minute: int = Field(600, ge=1, description="documents a minute")
    max_bytes: int = Field(8 * 1024 * 1024, ge=1, le=64 * 1024 * 1024, description="largest body, in bytes")


class GitHubHookSettings(Credential):
    """[[sources.ingest.github]]: for POST /ingest/github."""

    secret: SecretStr | None = Field(None, description="the webhook's secret")
    secret_file: Path | None = Field(None, description="a file that holds the secret")


class GitLabHookSettings(Credential):
    """[[sources.ingest.gitlab]]: for POST /ingest/gitlab."""

    token: SecretStr | None = Field(None, description="the webhook's secret token")
    token_file: Path | None = Field(None, description="a file that holds the token")
    signing_secret: SecretStr | None = Field(None, description="the webhook's signing token, `whsec_…`")
    signing_secret_file: Path | None = Field(None, description="a file that holds the signing token")

    @property
    def signs(self) -> bool:
        return self.token is None and self.token_file is None


class GiteaHookSettings(Credential):
    """[[sources.ingest.gitea]]: for POST /ingest/gitea, also of Forgejo."""

    secret: SecretStr | None = Field(None, description="the webhook's secret")
    secret_file: Path | None = Field(None, description="a file that holds the secret")
    host: str = Field("", description="the forge's host, where a payload names none; default: this name")


class DeliverySettings(Credential):
    """[[sources.ingest.deliveries]]: for POST /ingest/deliveries/NAME, webhook deliveries made for your own subscriptions."""

    consumer_secret: SecretStr | None = Field(None, description="X: the app's consumer secret, which signs")
    consumer_secret_file: Path | None = Field(None, description="a file that holds the consumer secret")
    signing_secret: SecretStr | None = Field(
        None, description="others: `whsec_…`, as Standard Webhooks sign with it"
    )
    signing_secret_file: Path | None = Field(None, description="a file that holds the signing secret")
    subscriptions: Mapping[str, tuple[str, ...]] = Field(
        description="user id that is subscribed for -> further user ids that may be in what comes for it"
    )
    parties: Literal["one", "all"] = Field(
        "one", description="how many parties of a message must be among those: sender or recipient, or all"
    )

    @property
    def is_standard(self) -> bool:
        return self.consumer_secret is None and self.consumer_secret_file is None


def find_bearer(header: str, known: Iterable[tuple[str, bytes]]) -> str | None:
    """The name of the token in an Authorization header. Every known one is compared, whichever fits."""
    scheme, _, given = header.partition(" ")
    found = None
    for name, token in known:
        if hmac.compare_digest(_bytes(given.strip()), token) and scheme.lower() == "bearer":
            found = name
    return found


def is_github(secret: bytes, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether GitHub signed this body with `secret`."""
    wanted = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(_bytes(headers.get("X-Hub-Signature-256", "")), wanted.encode())


def is_gitea(secret: bytes, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Gitea or Forgejo signed this body with `secret`. Forgejo's own signature is the one that counts where it is there."""
    given = headers.get("X-Forgejo-Signature") or headers.get("X-Gitea-Signature") or ""
    wanted = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(_bytes(given), wanted.encode())


def is_gitlab_token(token: bytes, headers: Mapping[str, str]) -> bool:
    return hmac.compare_digest(_bytes(headers.get("X-Gitlab-Token", "")), token)


def signing_key(secret: bytes) -> bytes:
    """The key in a `whsec_…` text. Raises ValueError."""
    text = secret.decode("ascii", "replace")
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError as error:  # also of what is not ASCII
        raise ValueError("a signing secret is `whsec_` and base64") from error


def is_standard_webhook(key: bytes, body: bytes, headers: Mapping[str, str], now: float) -> bool:
    """Whether one of the signatures is ours, and the delivery not older (or newer) than five minutes."""
    identifier, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        return False
    signed = hmac.new(key, _bytes(f"{identifier}.{stamp}.") + body, hashlib.sha256).digest()
    wanted = b"v1," + base64.b64encode(signed)
    given = headers.get("webhook-signature", "").split(" ")
    return any([hmac.compare_digest(_bytes(text), wanted) for text in given])  # noqa: C419 - compare all


def is_x(secret: bytes, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether X signed this body with the app's consumer secret."""
    given = headers.get("x-twitter-webhooks-signature", "")
    return hmac.compare_digest(_bytes(given), _x_signature(secret, body).encode())


def challenge(secret: bytes, token: str) -> str:
    """The answer to X's challenge. Raises ValueError for a token that is none: whatever is answered here is signed as a delivery is, so
    what could be a delivery's body (an object begins with a brace) must never be.
    """
    if not _CHALLENGE.fullmatch(token):
        raise ValueError("no challenge")
    return _x_signature(secret, token.encode("ascii"))


def _x_signature(secret: bytes, text: bytes) -> str:
    return "sha256=" + base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode("ascii")


class Rate:
    """Documents a minute for one token. A full minute's worth may come at once; what is over is waited off."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._level = float(per_minute)
        self._at = clock()

    def wait(self) -> float:
        """0.0 when there is room, else the seconds until there is."""
        self._refill()
        return 0.0 if self._level >= 1.0 else (1.0 - self._level) * 60.0 / self._per_minute

    def take(self, count: int) -> None:
        """A batch may overdraw: what follows it waits the longer."""
        self._refill()
        self._level -= count

    def _refill(self) -> None:
        now = self._clock()
        gained = max(0.0, now - self._at) * self._per_minute / 60.0
        self._level, self._at = min(float(self._per_minute), self._level + gained), now


def _bytes(text: str) -> bytes:
    """A header may hold any bytes: aiohttp gives them as lone surrogates."""
    return text.encode("utf-8", "surrogateescape")
