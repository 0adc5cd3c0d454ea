"""What to do about what a drill leaves behind: nothing has leaked, so none of a credential's steps holds."""

from __future__ import annotations

from typing import Final

from monitor.alerting.containment.duty import GDPR, PrivacySettings
from monitor.alerting.containment.steps import Containment, containment
from monitor.canary import RULE
from monitor.contracts import Mode
from monitor.store.model import Exposure

MISSED: Final = "leakstream-drill-missed"


def todo(row: Exposure, privacy: PrivacySettings = GDPR) -> Containment:
    """As `containment`, which it is for everything but a drill's canary and the alarm of a missed drill. A practice has the steps of the
    leak that it shows.
    """
    if row.mode != Mode.EXERCISE or row.rule not in (RULE, MISSED):
        return containment(row, privacy)
    if row.rule == RULE:
        return _only("Do nothing: a drill planted it, it opens nothing and is closed when the drill is over.")
    return _only(
        "Run leakstream drill list: it says where the synthetic leak got stuck; a real one may be stuck there, too.",
        f"Look at this: {row.revoke}.",
        "Run leakstream drill when it is mended: the next one that comes through closes this.",
    )


def _only(*steps: str) -> Containment:
    return Containment(
        playbook="",
        steps=steps,
        names=tuple(str(number) for number in range(1, len(steps) + 1)),
        audit_log="",
        who_to_tell="",
        revoke_url="",
        duty=None,
        sources=(),
    )
