from __future__ import annotations

import pytest

from detectors.hosts import nobodys
from detectors.stats import REASONS


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        (b"localhost", "local_host"),
        (b"localhost.localdomain", "local_host"),
        (b"127.0.0.1", "local_host"),
        (b"0.0.0.0", "local_host"),
        (b".", "local_host"),
        (b"(local)", "local_host"),
        (b"example.com", "example_host"),
        (b"db.internal.example.org", "example_host"),
        (b"myexample.net", "example_host"),
        (b"db.test", "example_host"),
        (b"192.0.2.17", "example_host"),
        (b"host", "unnamed_host"),
        (b"HOSTNAME", "unnamed_host"),
        (b"your-host", "unnamed_host"),
        (b"db_host", "unnamed_host"),
        (b"yourdomain.com", "unnamed_host"),
        (b"", ""),
        (b"db.acme.io", ""),
        (b"hosting.acme.io", ""),
        (b"latest.acme.io", ""),
        (b"192.0.21.7", ""),
        (b"db", ""),
    ],
)
def test_whose_host(host: bytes, reason: str) -> None:
    assert nobodys(host) == reason
    assert reason in REASONS or not reason
