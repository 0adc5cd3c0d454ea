"""The rule check: every example is found, exactly; no negative is. `leakstream rules check` and the tests run this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from detectors.errors import RuleError
from detectors.model import CredentialSet, Kind, Rule
from detectors.ruleset import RuleSet
from detectors.scanner import Scanner
from detectors.synthetic import Rendered, render

SEEDS: Final = (1, 2, 3)
Entry = Rule | CredentialSet
Wrong = Callable[[Entry, Rendered, Scanner], str]


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
    entries: tuple[Entry, ...] = (*ruleset.rules, *ruleset.sets)
    for entry in entries:
        if not wanted or entry.id in wanted:
            problems += check_one(entry, ruleset, scanner, seeds=seeds)
    return problems


def check_one(
    entry: Entry, ruleset: RuleSet, scanner: Scanner, *, seeds: Sequence[int] = SEEDS
) -> list[Problem]:
    """Every problem of one rule or set."""
    negatives = entry.negatives if isinstance(entry, Rule) else ()
    problems = [_first_problem(entry, t, _wrong_example, ruleset, scanner, seeds) for t in entry.examples]
    problems += [_first_problem(entry, t, _wrong_negative, ruleset, scanner, seeds) for t in negatives]
    return [problem for problem in problems if problem is not None]


def _first_problem(
    entry: Entry, template: str, wrong: Wrong, ruleset: RuleSet, scanner: Scanner, seeds: Sequence[int]
) -> Problem | None:
    for seed in seeds:
        try:
            rng = Random(f"{entry.id}/{template}/{seed}")  # noqa: S311 - a sample, not a secret
            text = wrong(entry, render(template, entry, ruleset, rng), scanner)
        except RuleError as error:
            text = str(error)
        if text:
            return Problem(entry.id, f"{template!r} (seed {seed}): {text}")
    return None


def _wrong_example(entry: Entry, rendered: Rendered, scanner: Scanner) -> str:
    """What is wrong with one example, "" if nothing. A rule that means nothing alone still has to find its value."""
    if isinstance(entry, CredentialSet):
        found = [f for f in scanner.scan(rendered.text) if f.set_id == entry.id]
    else:
        scan = scanner.scan if entry.alone else scanner.candidates
        found = [f for f in scan(rendered.text) if f.rule.id == entry.id]
    if len(found) != 1:
        dropped = ", ".join(f"{reason} {n}" for reason, n in scanner.last.dropped.items())
        return f"{len(found)} findings instead of 1" + (f" (dropped: {dropped})" if dropped else "")
    if isinstance(entry, Rule) and entry.kind is Kind.RECORDS:
        return ""
    if not rendered.secret or found[0].secret == rendered.secret:
        return ""
    return f"the finding has {len(found[0].secret)} bytes, the secret {len(rendered.secret)}: not the same"


def _wrong_negative(entry: Entry, rendered: Rendered, scanner: Scanner) -> str:
    found = [f for f in scanner.scan(rendered.text) if f.rule.id == entry.id]
    return f"a negative gives {len(found)} findings" if found else ""
