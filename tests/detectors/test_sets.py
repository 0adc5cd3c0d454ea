"""Every shipped set is put together however its parts are written down: one finding, with the set's severity."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable

import pytest

from detectors import CredentialSet, Rule, Scanner, load_rules
from detectors.synthetic import value_for

RULES = load_rules()
Pairs = list[tuple[str, str]]


@functools.cache
def scanner() -> Scanner:
    return Scanner(RULES)


def label(rule: Rule) -> str:
    """A name under which people keep such a value: a setting's, never the provider's alone."""
    plain = [name for name in rule.names if not set(name) & set("&.")]
    if not plain:
        return f"value_{rule.id.rpartition('-')[2]}"
    return next((name for name in plain if "_" in name), f"{plain[0]}_key")


def pairs(entry: CredentialSet, seed: int = 1) -> Pairs:
    rng = random.Random(f"{entry.id}/{seed}")
    rules = [RULES[rule_id] for rule_id in (*entry.parts, entry.primary)]
    return [(label(rule), value_for(rule, rng).text.decode("latin-1")) for rule in rules]


def far(entry: CredentialSet, found: Pairs) -> str:
    """As far apart as the set allows, but for the other parts and some room."""
    taken = sum(len(name) + len(value) + 8 for name, value in found)
    filler = "# none of them\n" * max(0, (min(entry.within, 1000) - taken) // 15 - 2)
    first, *rest = found
    return f"{first[0]}: {first[1]}\n{filler}" + "".join(f"{name}: {value}\n" for name, value in rest)


WRITTEN: dict[str, Callable[[CredentialSet, Pairs], str]] = {
    "one line": lambda _, found: ", ".join(f"{name}='{value}'" for name, value in found),
    "environment": lambda _, found: "".join(f"export {name.upper()}={value}\n" for name, value in found),
    "JSON": lambda _, found: "{" + ",\n".join(f'  "{name}": "{value}"' for name, value in found) + "}",
    "JSON on one line": lambda _, found: (
        "{" + ", ".join(f'"{name}":"{value}"' for name, value in found) + "}"
    ),
    "YAML": lambda _, found: "app:\n" + "".join(f"  {name}: {value}\n" for name, value in found),
    "code": lambda _, found: "".join(f'const {name} = "{value}";\n' for name, value in found),
    "far apart": far,
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("entry", RULES.sets, ids=lambda entry: entry.id)
def test_a_set_is_one_finding(entry: CredentialSet, written: str) -> None:
    found = pairs(entry)
    if any("\n" in value for _, value in found):
        pytest.skip("a part of several lines has its own form")

    complete = [f for f in scanner().scan(WRITTEN[written](entry, found).encode("latin-1")) if f.set_id]

    assert [f.severity for f in complete] == [entry.severity]
    own = {RULES[rule_id].provider for rule_id in (*entry.parts, *entry.optional)}
    assert {RULES[part.rule_id].provider for part in complete[0].parts} <= own
