"""The coverage ledger, opened for a command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from monitor.app import open_ledger
from monitor.commands.errors import Failure
from monitor.config import Config
from monitor.coverage.chain import LedgerBroken
from monitor.store.engine import Store

_T = TypeVar("_T")


def with_ledger(config: Config, ask: Callable[[Store], Awaitable[_T]]) -> _T:
    """What `ask` makes of it. Blocks; not within an event loop. Raises Failure (1): it is broken; and what `open_ledger` raises."""

    async def run() -> _T:
        async with open_ledger(config) as store:
            return await ask(store)

    try:
        return asyncio.run(run())
    except LedgerBroken as error:
        raise Failure(f"the ledger is broken: {error}", status=1) from error
