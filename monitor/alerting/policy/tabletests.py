"""Table tests of ownership and policy: what a finding looks like, and what is to become of it. Written by people, in TOML.

    [[case]]
    name = "a key of our account in a stranger's repository"
    given = { repository = "stranger/dotfiles", facts = { account_id = "123456789012" } }
    then = { action = "page", row = "yours", owned = "proved", reasons = ["account_id"] }

`given` may state what a finding tells (`Given` lists it), `then` what is to be checked. No store and no bus is asked.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.ownership import Attribution, Ownership
from monitor.alerting.policy.cases import Case, is_personal
from monitor.alerting.policy.table import Decision, Policy
from monitor.contracts import Mode, Place


class PolicyTestError(ValueError):
    """A file is no table of tests. The message names file, case and key."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Given(_Part):
    """What a finding looks like. What is left out is what most findings have."""

    rule: str = Field(default="example-token", description="pii-… and data-dump-… are personal data")
    severity: Severity = Severity.HIGH
    confidence: Confidence = Confidence.HIGH
    verdict: Verdict = Verdict.UNPROVABLE
    source: str = "github_events"
    mode: Mode = Mode.LIVE
    people: int = Field(default=0, ge=0)
    age_hours: float = Field(default=0.0, ge=0)
    forge: str = "github.com"
    repository: str = "stranger/code"
    owner: str = Field(default="", description="default: what stands before the slash of the repository")
    url: str = ""
    path: str = ""
    title: str = ""
    author: str = ""
    author_email: str = Field(default="", description="an address or only its domain")
    facts: Mapping[str, str] = Field(default_factory=dict, description="what the credential itself carries")
    hosts: tuple[str, ...] = Field(default=(), description="host names beside it")
    emails: tuple[str, ...] = Field(default=(), description="domains of addresses beside it")
    snippet: str = Field(default="", description="the line that it stands in")
    own: tuple[str, ...] = Field(default=(), description="names of own secrets that it is")
    fingerprints: tuple[str, ...] = ()

    def place(self) -> Place:
        return Place(
            forge=self.forge,
            repository=self.repository,
            owner=self.owner or self.repository.partition("/")[0],
            url=self.url,
            path=self.path,
            title=self.title,
            author=self.author,
            author_email_domain=self.author_email.rpartition("@")[2],
        )


class Then(_Part):
    """What is to come out; what is left out is not checked. `reasons` are all of them: a kind, or kind and entry with a blank between."""

    action: Literal["page", "ticket", "record", "drop"]
    row: str | None = None
    owned: Literal["proved", "claimed", "none"] | None = None
    reasons: tuple[str, ...] | None = None


class PolicyCase(_Part):
    name: str = Field(min_length=1)
    given: Given = Given()
    then: Then


class _File(_Part):
    case: tuple[PolicyCase, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case, what came out, and a phrase for each difference: none = as expected."""

    case: PolicyCase
    attribution: Attribution
    decision: Decision
    differences: Sequence[str]


def read(path: Path) -> Sequence[PolicyCase]:
    """Raises PolicyTestError. Blocks."""
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyTestError(f"{path}: not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyTestError(f"{path}: cannot be read: {error}") from error
    try:
        return _File.model_validate(tables).case
    except ValidationError as error:
        raise PolicyTestError(_wrong(path, tables, error)) from None


def run(cases: Sequence[PolicyCase], ownership: Ownership, policy: Policy) -> list[Outcome]:
    """Each case by itself: the storm limit is not asked."""
    return [_run(case, ownership, policy) for case in cases]


def _run(case: PolicyCase, ownership: Ownership, policy: Policy) -> Outcome:
    given = case.given
    owner = ownership.assess(
        given.place(),
        source=given.source,
        fingerprints=given.fingerprints,
        facts=given.facts,
        hosts=given.hosts,
        emails=given.emails,
        own=given.own,
        snippet=given.snippet,
    )
    asked = Case(
        level=owner.level,
        severity=given.severity,
        verdict=given.verdict,
        confidence=given.confidence,
        mode=given.mode,
        score=owner.score,
        source=given.source,
        personal=is_personal(given.rule, given.people),
        people=given.people,
        age=given.age_hours * 3600,
    )
    decision = policy.decide(asked)
    return Outcome(case, owner, decision, _differences(case.then, owner, decision))


def _differences(then: Then, owner: Attribution, decision: Decision) -> list[str]:
    found = []
    for name, wanted, got in (
        ("action", then.action, decision.action.value),
        ("row", then.row, decision.reason),
        ("owned", then.owned, owner.level.value),
    ):
        if wanted is not None and wanted != got:
            found.append(f"{name}: expected {wanted}, got {got}")
    if then.reasons is not None:
        given = {f"{reason['kind']} {reason['entry']}" for reason in owner.reasons}
        missing = [text for text in then.reasons if not any(_names(text, each) for each in given)]
        beyond = sorted(each for each in given if not any(_names(text, each) for text in then.reasons))
        found += [f"reason missing: {text}" for text in missing]
        found += [f"reason not expected: {text}" for text in beyond]
    return found


def _names(text: str, reason: str) -> bool:
    """Whether `text` (a kind, or kind and entry) is this reason."""
    return reason == text.lower() or reason.partition(" ")[0] == text


def _wrong(path: Path, tables: Mapping[str, Any], error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    keys = tuple(str(part) for part in first["loc"])
    reason = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
    if len(keys) > 1 and keys[1].isdigit():
        entries = tables["case"]
        entry = entries[int(keys[1])] if isinstance(entries, list) else {}
        name = entry.get("name", "") if isinstance(entry, dict) else ""
        return f"{path}: case {int(keys[1]) + 1} ({name or 'no name'}): {'.'.join(keys[2:])}: {reason}"
    return f"{path}: {'.'.join(keys)}: {reason}"
