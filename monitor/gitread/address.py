"""What a text names: a remote repository or a local folder; and whether we may talk to that host.

Remote means `https://…`, `ssh://…` or the short form `user@host:path`. Everything else that looks like a URL is refused, as are
texts that git would take for an option or for a remote helper (`-…`, `ext::…`). Credentials in a URL are taken out at once: they
never stand on a command line, in a mirror's config, in a message or on the bus.
"""

from __future__ import annotations

import base64
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from monitor.addresses import AddressGuard, RefusedAddress
from monitor.gitread.errors import GitError

_SHORT: Final = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+):(?P<path>(?!//)[^\s:].*)", re.DOTALL)
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+")
_PORTS: Final = {"https": 443, "ssh": 22}


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a remote repository is. `url` carries no credential."""

    url: str
    scheme: str  # https | ssh
    host: str
    port: int
    name: str  # "owner/name": the path without slashes around and without ".git"
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def owner(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def authorization(self) -> str:
        """The value of the HTTP header, "" without credentials."""
        if self.scheme != "https" or not (self.login or self.password):
            return ""
        return "Basic " + base64.b64encode(f"{self.login}:{self.password}".encode()).decode()


def parse(text: str) -> Remote | Path:
    """Raises GitError (bad_address, refused_protocol). The text itself is never repeated in the error."""
    if not text or text.startswith("-") or any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise GitError("bad_address", "empty, begins with '-' or holds control characters")
    if "::" in text.partition("/")[0]:
        raise GitError("refused_protocol", "remote helpers are never run")
    if "://" not in text:
        short = _SHORT.fullmatch(text)
        if short is None or "/" in text.partition(":")[0]:
            return Path(text)
        user = f"{short['user']}@" if short["user"] else ""
        text = f"ssh://{user}{short['host']}/{short['path'].lstrip('/')}"
    return _remote(text)


def _remote(text: str) -> Remote | Path:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise GitError("bad_address", "not a URL") from error
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return Path(unquote(parts.path))
    if parts.scheme not in _PORTS:
        raise GitError("refused_protocol", "only https and ssh are spoken (and local folders read)")
    host = parts.hostname or ""
    login, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not _HOST.fullmatch(host) or login.startswith("-") or parts.query or parts.fragment:
        raise GitError("bad_address", "no proper host, or a query")
    path = parts.path.strip("/")
    if not path:
        raise GitError("bad_address", "no path")
    shown = f"[{host}]" if ":" in host else host
    user = f"{quote(login)}@" if parts.scheme == "ssh" and login else ""
    where = shown + (f":{port}" if port else "")
    return Remote(
        url=f"{parts.scheme}://{user}{where}/{path}",
        scheme=parts.scheme,
        host=host,
        port=port or _PORTS[parts.scheme],
        name=path.removesuffix(".git"),
        login=login,
        password=password,
    )


def addresses(remote: Remote, guard: AddressGuard) -> list[str]:
    """The checked addresses to pin `remote.host` to. Blocking. Raises GitError (unresolved, refused_host)."""
    try:
        guard.check_literal(remote.host, remote.port)
        found = socket.getaddrinfo(remote.host, remote.port, type=socket.SOCK_STREAM)
        return guard.keep(remote.host, remote.port, list(dict.fromkeys(str(entry[4][0]) for entry in found)))
    except RefusedAddress as error:
        raise GitError("refused_host", f"{remote.host}: {error}; allow it by name if it is yours") from error
    except (OSError, UnicodeError) as error:
        raise GitError("unresolved", remote.host) from error
