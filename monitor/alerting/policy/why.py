"""Why an exposure is treated as it is: every reason, every row of the policy, and what would have to be different to page. Pure.

owned      level, score, reasons as `view` has them
case       what the policy is asked about: severity, confidence, verdict, mode, source, family, people, age_hours
action, decided_by, told
as stored: what became of it, the row (or one of refuted, exercise, no_row, claimed_storm), whether anybody was told
today      action and row by the policy of now; another than stored = the policy has changed, the next sighting applies it
rows       every row in order: name, action, fits, and misses, why it does not fit (those behind the deciding one: not asked)
to_page    "" when it pages; else what is missing for the row that pages and lacks least
storm      limit an hour, used in the last hour, and held: whether that limit kept a ticket back
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from detectors.model import Verdict
from monitor.alerting.ownership import reason_text
from monitor.alerting.policy.cases import Case, case_of
from monitor.alerting.policy.table import CLAIMED_STORM, Action, Policy, PolicyRow
from monitor.contracts import Mode
from monitor.store.model import Exposure

_NEVER: Final = {
    "refuted": "a refuted value never pages",
    "exercise": "a drill tells the notifiers that are marked for drills, and nobody else",
}


def why(row: Exposure, policy: Policy, *, tickets: int, now: float) -> dict[str, Any]:
    """`tickets`: how many of what is only claimed began in the last hour."""
    case = case_of(row, now=now)
    today = policy.decide(case)
    return {
        "owned": {
            "level": row.level,
            "score": row.score,
            "reasons": [{**reason, "text": reason_text(reason)} for reason in row.reasons],
        },
        "case": case_object(case),
        "action": row.action,
        "decided_by": row.decision,
        "told": row.told > 0,
        "today": {"action": today.action.value, "row": today.reason},
        "rows": rows_of(policy, case),
        "to_page": to_page(policy, case),
        "storm": {
            "limit": policy.claimed_tickets,
            "used": tickets,
            "held": row.decision == CLAIMED_STORM,
        },
    }


def case_object(case: Case) -> dict[str, Any]:
    """A case as plain values, in the words of a policy's row."""
    return {
        "owned": case.level.value,
        "score": case.score,
        "severity": case.severity.value,
        "confidence": case.confidence.value,
        "verdict": case.verdict.value,
        "mode": case.mode.value,
        "source": case.source,
        "family": "personal" if case.personal else "credential",
        "people": case.people,
        "age_hours": round(case.age / 3600, 1),
    }


def rows_of(policy: Policy, case: Case) -> list[dict[str, Any]]:
    """Every row of the table: does it fit, and why not. `decides` is true for one at most."""
    decided = policy.decide(case).reason
    return [
        {
            "name": row.name,
            "action": row.action.value,
            "fits": not (misses := row.misses(case)),
            "misses": list(misses),
            "decides": row.name == decided and not misses,
        }
        for row in policy.rows
    ]


def to_page(policy: Policy, case: Case) -> str:
    """What would have to be different, "" when it pages."""
    decision = policy.decide(case)
    if decision.action is Action.PAGE and case.mode is not Mode.EXERCISE:
        return ""
    if case.mode is Mode.EXERCISE:
        return _NEVER["exercise"]
    if case.verdict is Verdict.REFUTED:
        return _NEVER["refuted"]
    paging = [(row, row.misses(case)) for row in policy.rows if row.action is Action.PAGE]
    if not paging:
        return "no row of the policy pages"
    row, misses = min(paging, key=lambda pair: len(pair[1]))
    if not misses:  # a row before it took it
        return f"row {decision.reason} decides before row {row.name} is asked"
    return f"row {row.name} would page it with {'; '.join(misses)}"


def row_text(row: PolicyRow) -> str:
    """What a row states, as a phrase."""
    stated: Mapping[str, Any] = row.model_dump(mode="json", exclude_defaults=True)
    parts = [
        f"{_said(key)} {_value(value)}" for key, value in stated.items() if key not in ("name", "action")
    ]
    return ", ".join(parts) or "anything"


def _said(key: str) -> str:
    if key in ("severity", "confidence"):
        return f"{key} at least"
    return key.replace("_at_least", " at least").replace("_below", " below").replace("_hours", " (hours)")


def _value(value: object) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)
