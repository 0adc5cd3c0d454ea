"""From what the operator names to secrets: standard input, files, Vault."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from monitor.own.reading import Format, NamedSecret, UnreadableSecrets, secrets_in
from monitor.own.vault import Vault, VaultError

STDIN: Final = ("-", "stdin")
VAULT: Final = "vault:"
_LARGEST: Final = 1 << 30


async def gathered(
    places: Sequence[str],
    skipped: Counter[str],
    environment: Mapping[str, str],
    *,
    kind: Format = Format.AUTO,
) -> AsyncIterator[NamedSecret]:
    """The secrets of each place in turn. Raises UnreadableSecrets, VaultError."""
    for place in places:
        if place.startswith(VAULT):
            async with Vault(environment) as vault:
                async for path, body in vault.secrets(place.removeprefix(VAULT)):
                    for secret in _of_vault(path, body, skipped):
                        yield secret
        else:
            for secret in secrets_in(_bytes(place), skipped, kind=kind):
                yield secret


def _of_vault(path: str, body: bytes, skipped: Counter[str]) -> list[NamedSecret]:
    try:
        found = secrets_in(body, skipped, kind=Format.JSON)
        return [NamedSecret(f"{path}#{one.name}", one.value, f"{path}#{one.position}") for one in found]
    except UnreadableSecrets:
        raise VaultError(f"{path}: Vault's answer is no JSON") from None


def _bytes(place: str) -> bytes:
    if place in STDIN:
        if sys.stdin.isatty():
            raise UnreadableSecrets(
                "secrets typed here would stand on the screen; pipe them in, or name a file with --from"
            )
        return _whole(sys.stdin.buffer, "standard input")
    try:
        with Path(place).open("rb") as file:
            return _whole(file, place)
    except OSError as error:
        raise UnreadableSecrets(f"{place}: {(error.strerror or 'cannot be read').lower()}") from error


def _whole(file: BinaryIO, place: str) -> bytes:
    data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise UnreadableSecrets(f"{place}: more than 1 GiB; give it in several parts")
    return data
