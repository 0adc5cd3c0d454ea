"""A text for each rule and each decoder, which the matcher must find: what the self-test plants in a round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from detectors.errors import RuleError
from detectors.model import CredentialSet, Rule
from detectors.ruleset import RuleSet
from detectors.synthetic import SEEDS, checked_sample
from detectors.synthetic_encodings import ENCODERS
from monitor import probing

_Example = tuple[Rule | CredentialSet, str]


class Probes:
    """The texts are those that `leakstream rules check` has found good, another one every day: none is missed by chance."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._ruleset = ruleset
        rules = {probing.of_rule(rule.id): _examples(rule, ruleset) for rule in ruleset.rules}
        self._rules: Final[Mapping[str, list[_Example]]] = {name: ex for name, ex in rules.items() if ex}
        self.names: Final = (*map(probing.of_decoder, ENCODERS), *self._rules)

    def text(self, name: str, day: int, canary: bytes) -> bytes:
        """What tries the rule or decoder `name` on this day; a decoder by an encoded `canary`. b"" for a rule whose own filters now
        refuse what it makes: then nothing can be planted, and nothing comes back. Blocks for milliseconds.
        """
        if encoding := probing.decoder(name):
            return ENCODERS[encoding](b'api_token = "' + canary + b'"\n')
        examples = self._rules[name]
        entry, template = examples[day % len(examples)]
        seed = SEEDS[day // len(examples) % len(SEEDS)]
        try:
            return checked_sample(template, entry, self._ruleset, seed).text
        except RuleError:
            return b""


def _examples(rule: Rule, ruleset: RuleSet) -> list[_Example]:
    """A rule that means nothing alone is tried by the sets that it makes; one that only adds to a set has nothing that must find it."""
    if rule.alone:
        return [(rule, template) for template in rule.examples]
    place = f"{{{{rule:{rule.id}}}}}"
    made = [entry for entry in ruleset.sets if rule.id in (entry.primary, *entry.parts)]
    return [(entry, text) for entry in made for text in entry.examples if place in text]
