"""What to do about one exposure: the playbook of its credential type, filled with this exposure's facts (of what nobody watches with
none that would show where it stands).

At most seven sentences in the order in which they help: stop the abuse, rotate, look for what was left behind, look for use, tell people, take
it out of the place, close. Texts quote foreign ones; whoever shows them passes them through `monitor.untrusted`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from monitor.alerting.containment.duty import GDPR, Duty, PrivacySettings, duty_of
from monitor.alerting.containment.playbook import ALWAYS, Playbook, choose, fill
from monitor.alerting.ownership import Level
from monitor.store.model import Exposure
from monitor.untrusted import Sink, untrusted

MOST_STEPS: Final = 7
LONGEST: Final = 300  # characters of a sentence; what a chat shows of it
_LONGEST_FACT: Final = 60
_LINK: Final = re.compile(r"https://[^\s,;()]+")
_LEAD: Final = re.compile(r"^[^:{]*: \{revoke\}")
# a rule's line that begins so is a sentence of its own, and says it better than the playbook's lead to it
_IMPERATIVE: Final = re.compile(
    r"(?:Announce|Ask|Call|Change|Delete|Derive|Disable|Encrypt|End|Force|Log out|Make|Move|Pack|Regenerate|Remove|Replace|Request|Reset"
    r"|Restrict|Revoke|Rotate|Run|Set|Sign out|Stop|Switch|Take|Tell|Unpublish|Withdraw) "
)
_DOTTED: Final = re.compile(r"(https://\S*[^\s.])\.$")


@dataclass(frozen=True, slots=True)
class Containment:
    """`steps` has everything in order, and so `audit_log` and `who_to_tell` as well; `revoke_url` is where the first one is taken, or "".

    `names` has a word for each step, by which it is known when its sentence has changed: stop, rotate, check, audit, tell, place, close. `duty`
    is there where personal data leaked.
    """

    playbook: str
    steps: tuple[str, ...]
    names: tuple[str, ...]
    audit_log: str
    who_to_tell: str
    revoke_url: str
    duty: Duty | None
    sources: tuple[str, ...]


def containment(row: Exposure, privacy: PrivacySettings = GDPR) -> Containment:
    """For an exposure as it is now. Pure; the same for the same row."""
    playbook = choose(row.provider, row.rule, row.revoke)
    duty = None
    if playbook.personal and row.level != Level.NONE:
        duty = duty_of(data=playbook.personal, people=people_of(row), aware=row.first_seen, privacy=privacy)
    facts = _facts(row)
    stop = _LEAD.sub("{revoke}", playbook.stop) if _IMPERATIVE.match(row.revoke) else playbook.stop
    known = {"stop": _sentence(stop, facts)} | {
        name: _sentence(getattr(playbook, name), facts) for name in ("rotate", "check", "audit", "tell")
    }
    tell = _notification(duty) if duty else known["tell"]
    doing = known | {"tell": tell} | _ending(row, playbook, facts)
    steps = {name: step for name, step in doing.items() if step}
    url = _LINK.search(known["stop"]) or _LINK.search(row.revoke)
    return Containment(
        playbook=playbook.file,
        steps=tuple(steps.values()),
        names=tuple(steps),
        audit_log=known["audit"],
        who_to_tell=f"{tell} {known['tell']}" if duty and known["tell"] else tell,
        revoke_url=url[0].rstrip(".") if url else "",
        duty=duty,
        sources=playbook.sources,
    )


def people_of(row: Exposure) -> int:
    """How many people's data it holds, at least; 0 = not counted."""
    return row.people


def _ending(row: Exposure, playbook: Playbook, facts: dict[str, str]) -> dict[str, str]:
    """What is the same for every credential: the place, and the end."""
    reason = "removed" if playbook.personal else "revoked"
    close = f"Close it when that is done: leakstream exposures close {row.id[:12]} --reason {reason}"
    if row.public in ("removed", "cleaned") or "{where}" in playbook.stop + playbook.rotate:
        return {"close": close}
    place = fill(
        "Take it out of {where}: history, forks and caches keep it, so the revocation comes first.",
        facts,
    )
    return {"place": _cut(place), "close": close}


def _notification(duty: Duty) -> str:
    people = f" (at least {duty.people} people)" if duty.people else ""
    if duty.deadline is None:
        return f"Tell {duty.contact} now{people}, who decides whether {duty.authority} has to be notified."
    return f"Tell {duty.contact} now{people}: {duty.law} has {duty.authority} notified by {_time(duty.deadline)} if it is yours."


def _facts(row: Exposure) -> dict[str, str]:
    if row.level == Level.NONE:
        row = replace(row, repository="", path="", preview="", facts={})
    place = " ".join(part for part in (row.repository, row.path) if part) or "the place where it stands"
    named = {
        "title": row.title or row.rule,
        "revoke": row.revoke.rstrip(" .") or "at its provider's console",
        "since": _time(row.first_published or row.first_seen, exact=row.level != Level.NONE),
        "where": _short(place),
        "preview": _short(row.preview),
        "people": str(people_of(row) or ""),
    }
    return {name: _short(value) for name, value in row.facts.items() if name not in named} | named


def _sentence(template: str, facts: dict[str, str]) -> str:
    text = fill(template, facts)
    if len(text) > LONGEST:  # what is always known says where to go: it comes first
        text = fill(template, {name: facts[name] for name in ALWAYS})
    # a full stop behind an address would be taken for a part of it
    return _cut(_DOTTED.sub(r"\1", text))


def _short(text: str) -> str:
    return untrusted(text, Sink.PLAIN, limit=_LONGEST_FACT)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _time(seconds: float, *, exact: bool = True) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC" if exact else "%Y-%m-%d")
