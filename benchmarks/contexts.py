"""`python -m benchmarks.contexts`: in which places the values of provider rules are found, and which look-alikes are taken for one.

Made values of context rules, grouped by what the value looks like, stand in every place of `benchmarks.context_cases`. A place counts as
found when a finding of the value's own provider holds it. Exit status 1 where a place is found in under 95 of 100 cases, or
more than 1 of 100 look-alikes is reported. Writes docs/evidence/contexts.json.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks import evidence
from benchmarks.context_cases import NEGATIVES, PLACES
from detectors import Rule, RuleSet, Scanner, load_rules
from detectors.context import GAP, reach
from detectors.model import Kind
from detectors.synthetic import secret_for

_LEAST: Final = 0.95
_MOST_FALSE: Final = 0.01
_SIGN: Final = re.compile(
    r"@(SNAKE|snake|camel|Pascal|kebab|Train|words|Words|vendor|VENDOR|Vendor|v)(?![a-z])"
)
_CREDENTIAL: Final = re.compile(r"key|token|secret|pass|auth|cred|license|sid|pat\b|webhook")


@dataclass(frozen=True, slots=True)
class Case:
    """One text with a value in it."""

    group: str
    place: str
    rule: Rule
    text: bytes = field(repr=False)
    value: bytes = field(repr=False)


@dataclass(slots=True)
class Count:
    """How many of a cell's cases were found, and what to look at where the outcome is not the wanted one."""

    found: int = 0
    all: int = 0
    cases: list[Case] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contexts", description=__doc__)
    parser.add_argument("--rules", type=int, default=8, help="rules of each group")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--show", type=int, default=0, help="print so many missed and false cases of each place"
    )
    parser.add_argument("--dry", action="store_true", help="write no evidence")
    given = parser.parse_args(arguments)
    console = Console(width=180, highlight=False, markup=False)
    rules = load_rules()
    scanner = Scanner(rules)
    rng = random.Random(given.seed)
    chosen = sampled(rules, given.rules, rng)
    wanted = _counted(scanner, _cases(chosen, PLACES, rng), find=True)
    unwanted = _counted(scanner, _cases(chosen, NEGATIVES, rng), find=False)
    _print(console, "place", wanted, given.show)
    _print(console, "look-alike", unwanted, given.show)
    poor = [place for place, row in wanted.items() if _share(row.values()) < _LEAST]
    false = _share(count for row in unwanted.values() for count in row.values())
    checks = {"every_place_at_least_0.95": not poor, "look_alikes_at_most_0.01": false <= _MOST_FALSE}
    recall = _share(count for row in wanted.values() for count in row.values())
    console.print(f"recall {recall:.3f}, false {false:.4f}, poor places: {', '.join(poor) or 'none'}")
    if not given.dry:
        evidence.write(
            "contexts",
            {
                "checks": checks, "seed": given.seed, "recall": recall, "false": false,
                "places": _figures(wanted), "look_alikes": _figures(unwanted),
            },
        )  # fmt: skip
    return 0 if all(checks.values()) else 1


def group_of(rule: Rule) -> str:
    """What a value of the rule looks like: `hex 32`, `uuid`, `mixed` …"""
    pattern = rule.pattern
    if re.fullmatch(r"\[0-9a-f(?:A-F)?\]\{\d+\}", pattern):
        size = int(pattern[pattern.index("{") + 1 : -1])
        return f"hex {size}" if size in (32, 40, 64) else "hex other"
    if pattern.startswith(("[0-9a-f]{8}-[0-9a-f]{4}", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}")):
        return "uuid"
    single = re.fullmatch(r"(\[(?:[^\]\\]|\\.)+\])\{(\d+)(?:,\d+)?\}=?", pattern)
    if single is None:
        return "parts"
    mixed = "A-Z" in single[1] and "a-z" in single[1]
    if not mixed:
        return "one case"
    if any(sign in single[1] for sign in "+_"):
        return "base64"
    return "mixed short" if int(single[2]) < 24 else "mixed long"


def sampled(rules: RuleSet, count: int, rng: random.Random) -> list[tuple[str, Rule]]:
    """Up to `count` context rules of providers a group; not those of short values, which count in close syntaxes only."""
    groups: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules.rules:
        if rule.kind is Kind.CONTEXT and rule.alone and not rule.syntaxes and reach(rule) > GAP:
            groups[group_of(rule)].append(rule)
    return [
        (group, rule)
        for group in sorted(groups)
        for rule in rng.sample(groups[group], min(count, len(groups[group])))
    ]


def styles(rule: Rule) -> dict[str, str]:
    """The names of the rule in every style; the bare name only where the rule knows one."""
    names = [name.rstrip("&").replace(".", "_") for name in rule.names]
    setting = next((name for name in names if _CREDENTIAL.search(name)), names[0] + "_api_key")
    parts = setting.split("_")
    humps = "".join(part.title() for part in parts)
    found = {
        "SNAKE": setting.upper(), "snake": setting, "camel": humps[:1].lower() + humps[1:], "Pascal": humps,
        "kebab": "-".join(parts), "Train": "-".join(part.title() for part in parts),
        "words": " ".join(parts), "Words": " ".join(parts).capitalize(),
    }  # fmt: skip
    bare = next(
        (n for n in rule.names if not _CREDENTIAL.search(n) and "_" not in n and not n.endswith("&")), ""
    )
    if bare:
        found |= {"vendor": bare, "VENDOR": bare.upper(), "Vendor": bare.title()}
    return found


def _cases(
    chosen: Sequence[tuple[str, Rule]], places: Mapping[str, str], rng: random.Random
) -> Iterator[Case]:
    for place, template in places.items():
        for group, rule in chosen:
            words = {**styles(rule), "v": secret_for(rule, rng).decode("latin-1")}
            if _fits(place, group) and all(sign in words for sign in _SIGN.findall(template)):
                text = _SIGN.sub(lambda sign, words=words: words[sign[1]], template)  # type: ignore[misc]
                yield Case(group, place, rule, text.encode("latin-1"), words["v"].encode("latin-1"))


def _fits(place: str, group: str) -> bool:
    """A look-alike of one shape is asked of the groups of that shape only."""
    kind = place.split(maxsplit=1)[0]
    return (
        place in PLACES or kind == "any" or group.startswith(kind) or (kind == "mixed" and group == "base64")
    )


def _counted(scanner: Scanner, cases: Iterator[Case], *, find: bool) -> dict[str, dict[str, Count]]:
    table: dict[str, dict[str, Count]] = defaultdict(lambda: defaultdict(Count))
    for case in cases:
        count = table[case.place][case.group]
        found = any(
            finding.secret == case.value and (finding.rule.provider == case.rule.provider or not find)
            for finding in scanner.scan(case.text)
        )
        count.all += 1
        count.found += found
        if found is not find:
            count.cases.append(case)
    return table


def _share(counts: Iterable[Count]) -> float:
    rows = list(counts)
    return sum(row.found for row in rows) / max(1, sum(row.all for row in rows))


def _figures(table: Mapping[str, Mapping[str, Count]]) -> dict[str, Any]:
    return {
        place: {group: {"found": count.found, "all": count.all} for group, count in row.items()}
        for place, row in table.items()
    }


def _print(console: Console, title: str, table: Mapping[str, Mapping[str, Count]], show: int) -> None:
    groups = sorted({group for row in table.values() for group in row})
    shown = Table(title, "all", *groups, box=None)
    for place, row in table.items():
        cells = [f"{_share([row[group]]):.2f}" if group in row else "" for group in groups]
        shown.add_row(place, f"{_share(row.values()):.3f}", *cells)
    console.print(shown)
    for place, row in table.items():
        for case in [case for count in row.values() for case in count.cases][:show]:
            console.print(f"{place}: {case.rule.id}: {case.text.decode('latin-1')!r}")


if __name__ == "__main__":
    sys.exit(main())
