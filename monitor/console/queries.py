"""What the console asks of others: it imports no stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from monitor.store.queries import Filter, Total


class Listing(Protocol):
    """A page of a list. The shape of each object is stated in monitor.alerting.exposures.view."""

    @property
    def exposures(self) -> Sequence[dict[str, Any]]: ...

    @property
    def total(self) -> Total:
        """Of all pages."""

    @property
    def next(self) -> str:
        """The cursor of the following page, "" at the end."""


class ExposureQueries(Protocol):
    """Every look and every change is written into the audit log under `actor`. Methods raise StoreBusy. With the `mark` that their caller
    saw, changes raise Overtaken (a ValueError) when it is another by now.
    """

    @property
    def close_reasons(self) -> Sequence[str]:
        """The words that `close` takes."""

    async def list(self, wanted: Filter, *, actor: str, limit: int = ..., after: str = ...) -> Listing:
        """Raises ValueError when `after` is no cursor."""

    async def show(self, name: str, *, actor: str) -> dict[str, Any]:
        """`name`: the id or its beginning. Raises LookupError with a sentence for people."""

    async def close(
        self, name: str, reason: str, *, actor: str, note: str = ..., mark: str = ...
    ) -> dict[str, Any]:
        """Raises LookupError, ValueError (closed already, no such reason) with a sentence for people."""

    async def reopen(self, name: str, *, actor: str, note: str = ..., mark: str = ...) -> dict[str, Any]:
        """Raises LookupError, ValueError (open already) with a sentence for people."""

    async def acknowledge(self, name: str, *, actor: str, mark: str = ...) -> dict[str, Any]:
        """Raises LookupError, ValueError (acknowledged already, closed) with a sentence for people."""

    async def revoke(self, name: str, *, actor: str, mark: str = ...) -> dict[str, Any]:
        """Mark the secret as dead. Raises LookupError, ValueError (revoked already) with a sentence for people."""

    async def tick(self, name: str, step: str, *, done: bool, actor: str) -> dict[str, Any]:
        """A step was done, or was not after all. Raises LookupError, ValueError (no such step) with a sentence for people."""

    async def facets(self, wanted: Filter) -> Mapping[str, Mapping[str, int]]:
        """How many there are of each word that a list is filtered by: `monitor.store.facets`. No look at anything."""

    async def newest(self, wanted: Filter) -> float:
        """When the newest of the 50 last seen was opened, epoch seconds; 0.0 = there is none. No look at anything."""

    async def opened_since(self, wanted: Filter, since: float) -> int:
        """How many of the 50 last seen were opened after that. No look at anything."""

    async def mark(self, name: str) -> str:
        """What changes when anything of an exposure does that its page shows. Raises LookupError. No look at anything."""


class ReportText(Protocol):
    @property
    def text(self) -> str: ...


class ReportQueries(Protocol):
    async def make(self, name: str, *, actor: str) -> ReportText:
        """The Markdown report of one exposure. Raises LookupError, StoreBusy, LedgerBroken."""
