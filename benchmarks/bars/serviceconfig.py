"""The configuration file of the bars that run the whole service: ingest in, one webhook out, everything below one folder."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

DEADLINE_SECONDS: Final = 5.0  # of one delivery

_CONFIG: Final = """\
state = "{state}"
external_url = "http://leakstream.example"

[http]
contact = "https://example.com/leakstream-bars"
allow_private = ["127.0.0.1"]

[watch]
organisations = [{owners}]

[match]
cache_dir = "{cache}"
job_seconds = {job_seconds}

[[sources.ingest.tokens]]
name = "bar"
token = "{token}"
rate_per_minute = 10000000
forges = ["github.com"]
"""

_WEBHOOK: Final = """
[notifiers.webhook]
url = "{url}"
secret = "whsec_{secret}"
tells = ["page"]
deadline_seconds = {deadline}
"""

_ALERTMANAGER: Final = """
[notifiers.alertmanager]
urls = ["{url}"]
tells = ["page"]
deadline_seconds = {deadline}
"""

_KAFKA: Final = """
[bus]
kind = "kafka"
prefix = "{prefix}"
documents_hours = {documents_hours}

[bus.kafka]
bootstrap = "{bootstrap}"
security = "plaintext"
replication = {replication}
min_insync = {min_insync}
session_seconds = {session}
"""


def write(
    path: Path, *, cache: Path, owners: Sequence[str], token: str, tables: str, job_seconds: float = 3.0
) -> None:
    """The state is `path`'s neighbour `state`, its key `state.key`. `tables`: what the functions below give."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(
        _CONFIG.format(
            state="state",
            cache=cache,
            job_seconds=job_seconds,
            owners=", ".join(f'"{owner}"' for owner in owners),
            token=token,
        )
        + tables
    )


def webhook(url: str) -> str:
    """Pages go to `url`."""
    secret = base64.b64encode(os.urandom(24)).decode()
    return _WEBHOOK.format(url=url, secret=secret, deadline=DEADLINE_SECONDS)


def alertmanager(url: str) -> str:
    """Pages go to the Alertmanager at `url`."""
    return _ALERTMANAGER.format(url=url, deadline=DEADLINE_SECONDS)


def kafka(
    bootstrap: str,
    *,
    prefix: str = "leakstream.",
    replication: int = 1,
    min_insync: int = 1,
    session: float = 45.0,
    documents_hours: float = 24.0,
) -> str:
    """The stages meet on these brokers (`host:port`, with commas between several); `session` in seconds."""
    return _KAFKA.format(
        prefix=prefix,
        bootstrap=bootstrap,
        replication=replication,
        min_insync=min_insync,
        session=session,
        documents_hours=documents_hours,
    )
