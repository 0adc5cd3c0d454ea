"""The rule check: every example is found, exactly; no negative is. `leakstream rules check` and the tests run this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from detectors.errors import RuleError
from detectors.model import CredentialSet, Finding, Kind, Rule
from detectors.ruleset import RuleSet
from detectors.scanner import Scanner
from detectors.synthetic import Rendered, render

SEEDS: Final = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one rule. The text shows the template, never a made value."""

    rule_id: str
    text: str


def check_rules(
    ruleset: RuleSet, scanner: Scanner, *, only: Iterable[str] = (), seeds: Sequence[int] = SEEDS
) -> list[Problem]:
    """Every problem of every rule and set, or of `only` these ids. Blocks: about a millisecond an example."""
    wanted = set(only)
    problems: list[Problem] = []
    for entry in (*ruleset.rules, *ruleset.sets):
        if not wanted or entry.id in wanted:
            problems += check_one(entry, ruleset, scanner, seeds=seeds)
    return problems


def check_one(
    entry: Rule | CredentialSet, ruleset: RuleSet, scanner: Scanner, *, seeds: Sequence[int] = SEEDS
) -> list[Problem]:
    """Every problem of one rule or set."""
    problems: list[Problem] = []
    negatives = entry.negatives if isinstance(entry, Rule) else ()
    for positive, templates in ((True, entry.examples), (False, negatives)):
        for template in templates:
            for seed in seeds:
                try:
                    text = _one(entry, template, positive, ruleset, scanner, seed)
                except RuleError as error:
                    text = str(error)
                if text:
                    problems.append(Problem(entry.id, f"{template!r} (seed {seed}): {text}"))
                    break
    return problems


def _one(
    entry: Rule | CredentialSet, template: str, positive: bool, ruleset: RuleSet, scanner: Scanner, seed: int
) -> str:  # noqa: FBT001
    """What is wrong with one template, "" if nothing."""
    rendered = render(template, entry, ruleset, Random(f"{entry.id}/{template}/{seed}"))  # noqa: S311 - a sample
    if isinstance(entry, CredentialSet):
        found = [f for f in scanner.scan(rendered.text) if f.set_id == entry.id]
    else:
        found = [f for f in scanner.candidates(rendered.text) if f.rule.id == entry.id]
    if not positive:
        return f"a negative gives {len(found)} findings" if found else ""
    if len(found) != 1:
        dropped = ", ".join(f"{reason} {n}" for reason, n in scanner.last.dropped.items())
        return f"{len(found)} findings instead of 1" + (f" (dropped: {dropped})" if dropped else "")
    return _differs(entry, found[0], rendered)


def _differs(entry: Rule | CredentialSet, finding: Finding, rendered: Rendered) -> str:
    if isinstance(entry, Rule) and entry.kind is Kind.RECORDS:
        return ""
    if not rendered.secret:
        return "the example has no {{secret}}"
    if finding.secret == rendered.secret:
        return ""
    return f"the finding has {len(finding.secret)} bytes, the secret {len(rendered.secret)}: not the same"
