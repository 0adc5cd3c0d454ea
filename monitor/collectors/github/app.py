"""A GitHub App's installation as a credential: a signed claim is exchanged for a token that lasts an hour.

Source: docs.github.com, "Authenticating as a GitHub App installation" (JWT RS256, `exp` at most 10 minutes ahead, `iat` a minute back
for clocks that differ; the token's end is `expires_at`).
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from monitor.collectors.base import SourceContext
from monitor.collectors.shapes import instant, text
from monitor.collectors.upstream import Unavailable, Upstream

_BACK: Final = 60.0  # seconds
_AHEAD: Final = 540.0
_MARGIN: Final = 300.0  # a token is replaced so long before its end


class InstallationToken:
    """For the tasks of one loop. `upstream` asks without a credential of its own."""

    def __init__(
        self, upstream: Upstream, base_url: str, app_id: str, installation_id: str, key: Path
    ) -> None:
        """Reads the private key (PEM). Raises OSError; ValueError when it is none, or not RSA."""
        self._upstream = upstream
        self._url = f"{base_url}/app/installations/{installation_id}/access_tokens"
        self._app_id = app_id
        self._key = _load(key)
        self._token = ""
        self._ends = 0.0

    async def header(self, context: SourceContext) -> str:
        """The value of `Authorization`. Raises what `Upstream` raises."""
        now = context.now()
        if now >= self._ends - _MARGIN:
            claim = {"Authorization": f"Bearer {self._claim(now)}"}
            body, _ = await self._upstream.post_json(context, self._url, dict, headers=claim)
            token, ends = text(body, "token"), instant(body, "expires_at")
            if not token or ends is None:
                raise Unavailable("bad_shape")
            self._token, self._ends = token, ends
        return f"Bearer {self._token}"

    def _claim(self, now: float) -> str:
        head = {"alg": "RS256", "typ": "JWT"}
        body = {"iat": int(now - _BACK), "exp": int(now + _AHEAD), "iss": self._app_id}
        signed = b".".join(_plain(orjson.dumps(part)) for part in (head, body))
        return b".".join(
            (signed, _plain(self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())))
        ).decode()


def _load(path: Path) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise ValueError(f"{path}: not a private key in PEM without a password") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path}: GitHub Apps have RSA keys, this is another kind")  # noqa: TRY004 - a setting
    return key


def _plain(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
