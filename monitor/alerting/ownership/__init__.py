"""Ownership: whose a leak is, how sure that is, and why."""

from monitor.alerting.ownership.levels import Level
from monitor.alerting.ownership.matching import Ownership
from monitor.alerting.ownership.reasons import KINDS, MAX_REASONS, NOBODY, Attribution, combine, reason_text
from monitor.alerting.ownership.settings import WatchLists, WatchSettings

__all__ = [
    "KINDS",
    "MAX_REASONS",
    "NOBODY",
    "Attribution",
    "Level",
    "Ownership",
    "WatchLists",
    "WatchSettings",
    "combine",
    "reason_text",
]
