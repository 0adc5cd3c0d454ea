"""Whose accounts a dump holds, in numbers only: how many, and at which mail providers. Never an account itself."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from detectors.hyperloglog import Distinct

TOP: Final = 10  # domains that are named
_DOMAIN: Final = re.compile(rb"[0-9a-z](?:[0-9a-z.-]{0,98}[0-9a-z])?")
_KEPT: Final = 10_000  # domains that are counted apart: a hostile dump has one a line


class Accounts:
    """Counts the accounts of a dump as they come. Not thread-safe."""

    def __init__(self) -> None:
        self._distinct = Distinct()
        self._domains: Counter[str] = Counter()

    def add(self, account: bytes) -> None:
        """A mail address or a user's name; case and the blanks around it do not count."""
        account = account.strip().lower()
        if not account:
            return
        self._distinct.add(account)
        _, at, domain = account.rpartition(b"@")
        if at and _DOMAIN.fullmatch(domain):
            name = domain.decode("ascii")
            if name in self._domains or len(self._domains) < _KEPT:
                self._domains[name] += 1

    def facts(self) -> dict[str, str]:
        """`accounts`: distinct ones (to 1.6 %). `domains`: the ten most frequent with their lines: `acme.org 12, acme.io 3`."""
        found = {"accounts": str(self._distinct.count())}
        if self._domains:
            ranked = sorted(self._domains.items(), key=lambda item: (-item[1], item[0]))[:TOP]
            found["domains"] = ", ".join(f"{name} {count}" for name, count in ranked)
        return found
