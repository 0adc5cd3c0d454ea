from __future__ import annotations

from pathlib import Path

import pytest

from certificates import certificates
from monitor.certificates import first_end, last_end

OLD, NEW = 1_800_000_000.0, 1_900_000_000.0


def test_authorities_last_as_long_as_the_last_of_them(tmp_path: Path) -> None:
    assert last_end(certificates(tmp_path / "ca.pem", OLD, NEW)) == NEW


def test_a_chain_breaks_with_the_first(tmp_path: Path) -> None:
    assert first_end(certificates(tmp_path / "chain.pem", NEW, OLD)) == OLD


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nx\n"])
def test_what_is_none_ends_never(tmp_path: Path, content: bytes) -> None:
    """Whoever connects with it says what is wrong with it."""
    (tmp_path / "x.pem").write_bytes(content)
    assert first_end(tmp_path / "x.pem") is None
    assert last_end(tmp_path / "missing.pem") is None
