"""What a drill plants and where it says to stand: a text as people leak it, at a place that `[watch]` knows, so that ownership and policy
have to treat it as a leak of yours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from monitor.watching import Watching

FILE_NAME: Final = "leakstream-drill.env"


@dataclass(frozen=True, slots=True)
class Planting:
    """`trace` is the drill's id."""

    trace: str
    content: bytes = field(repr=False)
    at: float  # epoch seconds


@dataclass(frozen=True, slots=True)
class Ground:
    """A place that is watched. `near` is a host name to be named beside the leak, "" for none."""

    forge: str = ""
    owner: str = ""
    repository: str = ""
    near: str = ""


class NotPlanted(Exception):
    """It stands nowhere. The message says why and holds no credential."""


class Planter(Protocol):
    """Knows how to publish a text at one place."""

    ground: Ground

    async def plant(self, planting: Planting) -> dict[str, Any]:
        """Once it stands there: what is known of the place; `on_bus` where the bus has it already. Raises NotPlanted."""


def text(secret: bytes, trace: str, ground: Ground) -> bytes:
    """The document: a settings file with the canary in it."""
    lines = [f"# EXERCISE: planted by `leakstream drill` {trace}; it opens nothing"]
    if ground.near:
        lines.append(f"API_HOST={ground.near}")
    return "\n".join([*lines, "CANARY=" + secret.decode("ascii"), ""]).encode()


def watched_ground(watch: Watching, source: str, *, forge: str = "") -> Ground | None:
    """The surest place that `[watch]` names: `source` itself, a repository, an organisation's or a user's, else a domain beside the leak
    (which is claimed only). `forge` stands where an entry names none. None where nothing of these is watched.
    """
    if source in watch.sources:
        return Ground(forge=forge)
    for entries, parts, rest in (
        (watch.repositories, 2, ""),
        (watch.organisations, 1, "/drill"),
        (watch.users, 1, "/drill"),
    ):
        for entry in entries:
            names = entry.split("/")
            at = names[0] if len(names) > parts else forge
            path = "/".join(names[-parts:]) + rest
            return Ground(forge=at, owner=path.partition("/")[0], repository=path)
    for domain in watch.domains:
        return Ground(forge=forge, near=f"drill.{domain}")
    return None
