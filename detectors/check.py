"""The rule check: every example is found, exactly, and in a diff; no negative is. `leakstream rules check` and the tests run this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from detectors import diffs
from detectors.canonical import canonical
from detectors.errors import RuleError
from detectors.model import CredentialSet, Finding, Kind, Rule
from detectors.ruleset import RuleSet
from detectors.scanner import Scanner
from detectors.synthetic import SEEDS, Rendered, checked_sample

Entry = Rule | CredentialSet
Wrong = Callable[[Entry, Rendered, Scanner], str]
Scan = Callable[[bytes], Sequence[Finding]]


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
            text = wrong(entry, checked_sample(template, entry, ruleset, seed), scanner)
        except RuleError as error:
            text = str(error)
        if text:
            return Problem(entry.id, f"{template!r} (seed {seed}): {text}")
    return None


def _wrong_example(entry: Entry, rendered: Rendered, scanner: Scanner) -> str:
    """What is wrong with one example, "" if nothing: as it stands, and in the other forms in which it is published."""
    found = _own(entry, _scan(entry, scanner)(rendered.text))
    if len(found) != 1:
        return _not_one(found, scanner)
    records = isinstance(entry, Rule) and entry.kind is Kind.RECORDS
    if rendered.secret and not records and found[0].secret != rendered.secret:
        return (
            f"the finding has {len(found[0].secret)} bytes, the secret {len(rendered.secret)}: not the same"
        )
    identity = canonical(found[0].rule, found[0].secret)
    for form, findings in _in_other_forms(rendered.text, _scan(entry, scanner)):
        again = _own(entry, findings)
        if len(again) != 1:
            return f"{form}: {_not_one(again, scanner)}"
        if canonical(again[0].rule, again[0].secret) != identity:
            return f"{form}: another identity than as it stands"
    return ""


def _scan(entry: Entry, scanner: Scanner) -> Scan:
    """A rule that means nothing alone still has to find its value."""
    return scanner.candidates if isinstance(entry, Rule) and not entry.alone else scanner.scan


def _own(entry: Entry, findings: Iterable[Finding]) -> list[Finding]:
    if isinstance(entry, CredentialSet):
        return [f for f in findings if f.set_id == entry.id]
    return [f for f in findings if f.rule.id == entry.id]


def _not_one(found: Sequence[Finding], scanner: Scanner) -> str:
    dropped = ", ".join(f"{reason} {n}" for reason, n in scanner.last.dropped.items())
    return f"{len(found)} findings instead of 1" + (f" (dropped: {dropped})" if dropped else "")


def _in_other_forms(text: bytes, scan: Scan) -> Iterator[tuple[str, Sequence[Finding]]]:
    """The findings of the same text, by the name of the form it is in."""
    unix = text.replace(b"\r\n", b"\n")
    yield "with CRLF", scan(unix.replace(b"\n", b"\r\n"))
    lines = unix.removesuffix(b"\n").split(b"\n")
    for mark in (b"+", b"-"):
        diff = b"@@ -0,0 +0,0 @@\n" + b"".join(mark + line + b"\n" for line in lines)
        sides = diffs.sides(diff)
        yield f"on {mark.decode()} lines", diffs.findings_of(sides, [scan(side.text) for side in sides])


def _wrong_negative(entry: Entry, rendered: Rendered, scanner: Scanner) -> str:
    found = [f for f in scanner.scan(rendered.text) if f.rule.id == entry.id]
    return f"a negative gives {len(found)} findings" if found else ""
