"""Hosts that are nobody's: this machine, the names of documentation, words that stand for a host. One list for every rule with a
group `host`.

Such a host alone says little: a server's own configuration has `localhost` in it, and people put their domain out of sight but not
the password. So a value there is dropped only when it is weak as well (detectors.filters).
"""

from __future__ import annotations

import re
from typing import Final

_LOCAL: Final = re.compile(rb"localhost|127\.|0\.0\.0\.0|\.$|\(local|host\.docker\.internal", re.IGNORECASE)
# RFC 2606 and RFC 6761 (names), RFC 5737 (addresses).
_EXAMPLE: Final = re.compile(
    rb"example(?:\.|$)|\.(?:example|test|invalid|localhost)$|^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.[0-9]{1,3}$",
    re.IGNORECASE,
)
_STANDS_FOR_ONE: Final = re.compile(
    rb"(?:(?:my|your|the|some|db|database|remote|server)[-_.]?)?(?:host(?:-?name)?|server|domain|endpoint|instance)|"
    rb"(?:(?:my|your|some)[-_.]?)(?:host|server|site|domain|company|cluster|proxy)\.[a-z.]{2,12}|(?:host(?:name)?|domain)\.[a-z]{2,6}|ip",
    re.IGNORECASE,
)


def nobodys(host: bytes) -> str:
    """The reason to distrust the host (detectors.stats.REASONS); "" for one that may be real. Linear, thread-safe."""
    if _LOCAL.match(host):
        return "local_host"
    if _EXAMPLE.search(host):
        return "example_host"
    return "unnamed_host" if _STANDS_FOR_ONE.fullmatch(host) else ""
