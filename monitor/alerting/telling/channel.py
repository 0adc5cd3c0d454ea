"""A notifier as it is configured."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.alerting.notifiers.base import Notifier
from monitor.alerting.telling.grouping import Grouping


@dataclass(frozen=True, slots=True)
class Channel:
    """`revision` names the configuration: failed rows are tried again when it changes. `grouping`: None where each row is a message;
    `silenced`: whether silences are for it; `deadline`: seconds for one delivery.
    """

    name: str
    notifier: Notifier
    deadline: float = 10.0
    revision: str = ""
    at_once: int = 32
    grouping: Grouping | None = None
    silenced: bool = True
