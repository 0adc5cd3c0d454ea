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

[[sources.ingest.tokens]]
name = "bar"
token = "{token}"
rate_per_minute = 10000000
forges = ["github.com"]

[notifiers.webhook]
url = "{hook}"
secret = "whsec_{secret}"
tells = ["page"]
deadline_seconds = {deadline}
"""


def write(path: Path, *, cache: Path, owners: Sequence[str], token: str, hook: str) -> None:
    """The state is `path`'s neighbour `state`, its key `state.key`."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(
        _CONFIG.format(
            state="state",
            cache=cache,
            owners=", ".join(f'"{owner}"' for owner in owners),
            token=token,
            hook=hook,
            secret=base64.b64encode(os.urandom(24)).decode(),
            deadline=DEADLINE_SECONDS,
        )
    )
