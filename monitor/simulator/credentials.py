"""Credentials of our own rules for planting: made by `detectors.synthetic` from the rules' examples, valid to their proofs."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Final, TypeAlias

from detectors import synthetic
from detectors.model import CredentialSet, Kind, Rule
from detectors.ruleset import RuleSet
from monitor.simulator.model import Planted

_Choice: TypeAlias = tuple[Rule | CredentialSet, str]  # who, and one of its examples

# What a visitor of the demo knows: each of these providers is shown once before chance decides.
SHOWCASE: Final = (
    "twitter", "amazon", "github", "postgres", "private-key", "slack", "stripe", "mongodb", "google", "openai",
)  # fmt: skip
_SHOWN_AGAIN: Final = 0.5


class RuleMaker:
    """A `SecretMaker` over a rule set. For one task: it remembers what the showcase has shown."""

    def __init__(
        self,
        ruleset: RuleSet,
        *,
        providers: Collection[str] = (),
        showcase: tuple[str, ...] = SHOWCASE,
    ) -> None:
        """Rules of `providers` only, unless that is empty. Raises ValueError when no rule is left."""
        self._ruleset = ruleset
        owners: list[Rule | CredentialSet] = [*ruleset.rules, *ruleset.sets]
        self._choices: list[_Choice] = [
            (owner, template)
            for owner in owners
            for template in owner.examples
            if _fits(owner, template) and (not providers or owner.provider in providers)
        ]
        if not self._choices:
            raise ValueError("no rule to make credentials of")
        self._featured = [
            choices
            for provider in showcase
            if (choices := _sets_first([c for c in self._choices if c[0].provider == provider]))
        ]
        self._shown = 0

    def __call__(self, rng: random.Random) -> Planted:
        """Raises detectors.errors.RuleError when a rule cannot make a value (the rule check would have said so)."""
        owner, template = self._choose(rng)
        made = synthetic.render(template, owner, self._ruleset, rng)
        return Planted(owner.id, made.secret, made.text)

    def _choose(self, rng: random.Random) -> _Choice:
        first_round = self._shown < len(self._featured)
        if self._featured and (first_round or rng.random() < _SHOWN_AGAIN):
            choices = self._featured[self._shown % len(self._featured)]
            self._shown += 1
            return choices[0] if first_round else rng.choice(choices)
        return rng.choice(self._choices)


def _fits(owner: Rule | CredentialSet, template: str) -> bool:
    """Not a dump (it has no one secret), not a rule that is reported only inside a set, not text without a secret."""
    if isinstance(owner, CredentialSet):
        return f"{{{{rule:{owner.primary}}}}}" in template
    return owner.kind is not Kind.RECORDS and owner.alone and "{{secret}}" in template


def _sets_first(choices: list[_Choice]) -> list[_Choice]:
    return sorted(choices, key=lambda choice: isinstance(choice[0], Rule))
