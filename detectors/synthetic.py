"""Made-up values and texts from the rules themselves: tests, the simulator and the benchmarks have no others.

A value is random text of the rule's expression, made valid by the rule's proof, and such that the filters do not take it for a
dummy. The same `random.Random` state gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from detectors import filters
from detectors.boundaries import bounded_for_re
from detectors.engines import compiled
from detectors.errors import RuleError
from detectors.expressions import facts
from detectors.model import CredentialSet, Kind, Rule, Verdict
from detectors.proofs import proofs
from detectors.ruleset import RuleSet
from detectors.syntax import WORD, Node, Nodes, bytes_of, children, is_repeat, parse

SEEDS: Final = (1, 2, 3)  # those with which the rule check renders each template
_ATTEMPTS: Final = 400
_USUAL_EXTRA: Final = 12  # a repeat takes at most so many more than its least
_PRINTABLE: Final = frozenset(range(0x21, 0x7F)) - frozenset(b"\"'`\\<>{}$%*?")
_LINE_ENDS: Final = frozenset(b"\n\r\f\v")
_PLAIN: Final = WORD - {0x5F}
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_PLACE: Final = re.compile(r"\{\{(secret|refuted|any|rule|records)(?=[:}])")
_BEGIN: Final = re.compile(rb"-----BEGIN ([^-\n]{1,64})-----")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template filled in. `secret` is what a finding of its rule must hold; b"" where the template has none."""

    text: bytes = field(repr=False)
    secret: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Value:
    """A made value: `text` stands in the document, `secret` is the part of it that a finding holds."""

    text: bytes = field(repr=False)
    secret: bytes = field(repr=False)


def text_of(expression: str, rng: Random, *, caseless: bool = False) -> bytes:
    """Random text that the whole expression matches. Raises RuleError when none is found (a look-around in the way)."""
    nodes = parse(expression)
    pattern = re.compile(expression.encode("latin-1"), re.IGNORECASE if caseless else re.NOFLAG)
    for _ in range(_ATTEMPTS):
        text = _walk(nodes, rng)
        if pattern.fullmatch(text):
            return text
    raise RuleError(f"no random text of {expression!r} matches it: simplify its look-arounds")


def value_for(rule: Rule, rng: Random) -> Value:
    """A valid value of the rule. Raises RuleError when the rule's own filters refuse what its expression makes."""
    return _attempt(rule, rng, Verdict.PROVED, _made)


def refuted_for(rule: Rule, rng: Random) -> Value:
    """The same with the proof broken."""
    return _attempt(rule, rng, Verdict.REFUTED, _broken)


def secret_for(rule: Rule, rng: Random) -> bytes:
    """Only the secret of a valid value."""
    return value_for(rule, rng).secret


def records_for(rule: Rule, count: int, rng: Random) -> bytes:
    """`count` distinct lines of a records rule."""
    lines: dict[bytes, None] = {}
    while len(lines) < count:
        line = text_of(rule.pattern, rng, caseless=rule.caseless)
        if rule.proof:
            spec = proofs()[rule.proof]
            number = _pattern(rule).fullmatch(line)["number"]  # type: ignore[index]  # text_of made it
            made = spec.make(number, rng)
            line = line.replace(number, made, 1)
            if not _pattern(rule).fullmatch(line) or spec.check(made).verdict is Verdict.REFUTED:
                continue
        lines[line] = None
    return b"\n".join(lines)


def render(template: str, rule: Rule | CredentialSet, ruleset: RuleSet, rng: Random) -> Rendered:
    """Fill in a template of docs/how-to/rules.md. Raises RuleError on an unknown place holder."""
    maker = _Maker(rule, ruleset, rng)
    text = b"".join(
        literal.encode() + (maker.make(name, argument) if name else b"")
        for literal, name, argument in _places(template)
    )
    return Rendered(text, maker.secret)


def checked_sample(template: str, entry: Rule | CredentialSet, ruleset: RuleSet, seed: int) -> Rendered:
    """The text by which the rule check judges a template: found by any scanner of a set of rules that it finds good. As `render`."""
    rng = Random(f"{entry.id}/{template}/{seed}")  # noqa: S311 - a sample, not a secret
    return render(template, entry, ruleset, rng)


class _Maker:
    """Fills the places of one template: the same rule named twice gives the same value."""

    def __init__(self, rule: Rule | CredentialSet, ruleset: RuleSet, rng: Random) -> None:
        self.secret = b""
        self._rule = rule
        self._ruleset = ruleset
        self._rng = rng
        self._values: dict[str, Value] = {}

    def make(self, name: str, argument: str) -> bytes:
        if name == "any":
            return text_of(argument, self._rng)
        if name == "rule":
            return self._of_rule(argument)
        if not isinstance(self._rule, Rule):
            raise RuleError(f"{{{{{name}}}}} has no meaning in a set; name a rule: {{{{rule:ID}}}}")
        if name == "refuted":
            return refuted_for(self._rule, self._rng).text
        if name == "records":
            return records_for(self._rule, _count(argument), self._rng)
        value = value_for(self._rule, self._rng)
        self.secret = value.secret
        return value.text

    def _of_rule(self, rule_id: str) -> bytes:
        if rule_id not in self._ruleset.by_id:
            raise RuleError(f"{{{{rule:{rule_id}}}}}: no such rule")
        if rule_id not in self._values:
            self._values[rule_id] = value_for(self._ruleset[rule_id], self._rng)
        if isinstance(self._rule, CredentialSet) and rule_id == self._rule.primary:
            self.secret = self._values[rule_id].secret
        return self._values[rule_id].text


def _count(argument: str) -> int:
    if not argument.isdecimal():
        raise RuleError(f"{{{{records:{argument}}}}}: give a number of lines")
    return int(argument)


def _places(template: str) -> list[tuple[str, str, str]]:
    """(literal text, name, argument) triples; the last has no name. An argument may hold balanced braces."""
    found: list[tuple[str, str, str]] = []
    at = 0
    while True:
        known = _PLACE.search(template, at)  # braces of the text itself, as in a Jinja template, are no place
        if known is None:
            return [*found, (template[at:], "", "")]
        stop = _closing(template, known.end())
        found.append((template[at : known.start()], known[1], template[known.end() + 1 : stop]))
        at = stop + 2


def _closing(template: str, at: int) -> int:
    """Where the `}}` of a place holder stands."""
    depth = 0
    while at < len(template):
        char = template[at]
        if char == "\\":
            at += 1
        elif char == "{":
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif template.startswith("}}", at):
            return at
        at += 1
    raise RuleError(f"a place holder of {template!r} is not closed")


def _walk(nodes: Nodes, rng: Random) -> bytes:
    return b"".join(_walk_node(node, rng) for node in nodes)


def _walk_node(node: Node, rng: Random) -> bytes:
    single = bytes_of(node)
    if single is not None:
        return bytes((_pick(single, rng),))
    inner = children(node)
    if not inner:
        return b""
    if is_repeat(node):
        low, high, body = node[1]
        times = rng.randint(low, min(high, low + _USUAL_EXTRA))
        return b"".join(_walk(body, rng) for _ in range(times))
    return _walk(rng.choice(inner), rng)


def _pick(members: frozenset[int], rng: Random) -> int:
    """A byte of a class; of an open one (`[^@]`) a plain one, so that the text around it stays what it is; no line end where there is
    a choice: an expression counts bytes, and a line end may be two.
    """
    members = members - _LINE_ENDS or members
    if len(members) > len(_PRINTABLE):
        members = members & (_PLAIN if rng.random() < 0.9 else _PRINTABLE) or members
    return rng.choice(sorted(members))


def _attempt(rule: Rule, rng: Random, wanted: Verdict, make: Callable[[Rule, Value, Random], Value]) -> Value:
    spec = proofs()[rule.proof] if rule.proof else None
    if spec is None and wanted is Verdict.REFUTED:
        raise RuleError("{{refuted}} in a rule without a proof; take it out")
    for _ in range(_ATTEMPTS):
        value = make(rule, _found(rule, text_of(rule.pattern, rng, caseless=rule.caseless)), rng)
        if not _of_shape(rule, value) or filters.reason(rule, value.secret):
            continue
        if spec is None or (spec.check(value.secret).verdict is Verdict.REFUTED) == (
            wanted is Verdict.REFUTED
        ):
            return value
    raise RuleError(
        "no made value passes the rule's own expression, proof and filters; see `make` of the proof, or `entropy`"
    )


def _made(rule: Rule, value: Value, rng: Random) -> Value:
    if rule.proof:
        secret = proofs()[rule.proof].make(value.secret, rng)
        return Value(value.text.replace(value.secret, secret, 1), secret)
    begin = _BEGIN.match(value.text) if rule.extent == "pem" else None
    if begin and b"-----END" not in value.text:
        lines = [bytes(rng.choices(_BASE64, k=64)) for _ in range(rng.randint(6, 12))]
        block = b"\n".join([begin[0], *lines, b"-----END " + begin[1] + b"-----"])
        return Value(block, block)
    return value


def _broken(_rule: Rule, value: Value, _rng: Random) -> Value:
    return value


def _of_shape(rule: Rule, value: Value) -> bool:
    """A proof's `make` may have left the rule's expression (another kind of the same token), or the value ends in a full stop
    that the scanner takes for the sentence's.
    """
    if rule.extent:
        return _pattern(rule).match(value.text) is not None
    if rule.kind is Kind.STRUCTURE or not (rule.bounded or rule.kind is Kind.CONTEXT) or rule.engine != "re":
        return _pattern(rule).fullmatch(value.text) is not None
    bounded = bounded_for_re(rule.pattern, facts(rule.pattern, caseless=rule.caseless))
    return compiled(bounded, engine="re", caseless=rule.caseless).fullmatch(value.text) is not None


def _found(rule: Rule, text: bytes) -> Value:
    """Which part of a random text is the secret."""
    if rule.kind is not Kind.STRUCTURE:
        return Value(text, text)
    found = _pattern(rule).fullmatch(text)
    assert found is not None  # text_of made it
    return Value(text, found["secret"])


def _pattern(rule: Rule) -> re.Pattern[bytes]:
    return re.compile(rule.pattern.encode("latin-1"), re.IGNORECASE if rule.caseless else re.NOFLAG)


def samples(rule: Rule | CredentialSet, ruleset: RuleSet, seeds: Sequence[int]) -> list[Rendered]:
    """Every example of a rule, once a seed."""
    return [
        render(template, rule, ruleset, Random(f"{rule.id}/{seed}"))  # noqa: S311 - a sample, not a secret
        for template in rule.examples
        for seed in seeds
    ]
