"""When the certificates in a file end. Blocking; nothing else of them is looked at."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509


def last_end(path: Path) -> float | None:
    """When nothing in a file of authorities is good any more (epoch seconds): old and new stand in it side by side."""
    return max(_ends(path), default=None)


def first_end(path: Path) -> float | None:
    """When a chain breaks: a certificate and those that vouch for it. None where the file has none, or cannot be read."""
    return min(_ends(path), default=None)


def _ends(path: Path) -> list[float]:
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return []  # whoever connects with it says what is wrong with it
    return [each.not_valid_after_utc.timestamp() for each in found]
