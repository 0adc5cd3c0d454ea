"""What the console asks of the alerting stage: it imports neither that stage nor any other."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Every look and every change is written into the audit log under `actor`. Methods raise StoreBusy."""

    @property
    def close_reasons(self) -> Sequence[str]:
        """The words that `close` takes."""

    async def list(self, wanted: Filter, *, actor: str, limit: int = ..., after: str = ...) -> Listing:
        """Raises ValueError when `after` is no cursor."""

    async def show(self, name: str, *, actor: str) -> dict[str, Any]:
        """`name`: the id or its beginning. Raises LookupError with a sentence for people."""

    async def close(self, name: str, reason: str, *, actor: str, note: str = ...) -> dict[str, Any]:
        """Raises LookupError, ValueError (closed already, no such reason) with a sentence for people."""

    async def reopen(self, name: str, *, actor: str) -> dict[str, Any]:
        """Raises LookupError, ValueError (open already) with a sentence for people."""

    async def acknowledge(self, name: str, *, actor: str) -> dict[str, Any]:
        """Raises LookupError, ValueError (acknowledged already, closed) with a sentence for people."""

    async def revoke(self, name: str, *, actor: str) -> dict[str, Any]:
        """Mark the secret as dead. Raises LookupError, ValueError (revoked already) with a sentence for people."""
