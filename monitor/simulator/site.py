"""What a fake of one public source is, and what it is given. The module's name in `monitor/simulator/sites/` is the site's name: the
first part of its paths, of its route names (`gitlab.projects`) and of what faults and journal call it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from monitor.simulator.journal import Journal
from monitor.simulator.model import Planted
from monitor.simulator.world import World


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a site stands. `world` has corpus, people and the truth (`world.planted`); `url()` is the site's own root, without a
    slash at its end. A client that breaks a limit is told to `journal.violate`. `options` are the site's own settings, by name.
    """

    name: str
    world: World
    journal: Journal
    clock: Callable[[], float]
    url: Callable[[], str]
    rng: random.Random
    options: Mapping[str, Any] = field(default_factory=dict)


class Site(Protocol):
    """A running fake. For one event loop."""

    def routes(self) -> Iterable[web.RouteDef]:
        """All below `/<name>`, each with a name that begins with `<name>.`."""

    def publish(self, at: float, planted: Planted | None, watched: str) -> None:
        """One thing happens there at `at` (epoch seconds), with the credential in it if there is one; what is planted is told to
        `world.planted` with `source` = the site's name and `watched` as given.
        """


@dataclass(frozen=True, slots=True)
class SitePlugin:
    """`weight` is how often something happens here, beside 62 for GitHub's pushes, where the site takes part in the mix."""

    build: Callable[[Ground], Site]
    weight: int = 10
