"""From the places that the operator names to secrets."""

from __future__ import annotations

import io
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from monitor.own.gathering import gathered
from monitor.own.reading import UnreadableSecrets
from monitor.own.vault import VaultError
from owning import secret

ONE = secret(random.Random(1))


class Stdin:
    """What stands in for `sys.stdin`."""

    def __init__(self, data: bytes, *, terminal: bool = False) -> None:
        self.buffer = io.BytesIO(data)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


async def all_of(*places: str, **environment: str) -> dict[str, bytes]:
    return {one.name or one.position: one.value async for one in gathered(places, Counter(), environment)}


async def test_files_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.env").write_bytes(b"KEY=" + ONE)
    for name in ("-", "stdin"):
        monkeypatch.setattr(sys, "stdin", Stdin(ONE + b"\n"))
        assert await all_of(str(tmp_path / "x.env"), name) == {"KEY": ONE, "line-1": ONE}


async def test_a_terminal_is_no_place_for_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(b"", terminal=True))
    with pytest.raises(UnreadableSecrets, match="screen"):
        await all_of("-")


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSecrets, match=r"none: no such file"):
        await all_of(str(tmp_path / "none"))


async def test_vault_needs_its_environment() -> None:
    with pytest.raises(VaultError, match="VAULT_ADDR"):
        await all_of("vault:secret/x")
