"""rules/*.toml -> RuleSet, with every mistake named: file, rule, reason, and what to do.

The format is in docs/how-to/rules.md. This is the one place where a rule is judged: what comes out of here compiles, confirms
and canonicalises.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from detectors import canonical, expressions, extents, profiles, rulefiles
from detectors.context import Syntax
from detectors.errors import RuleError
from detectors.model import CredentialSet, Kind, Rule, Severity
from detectors.proofs import proofs
from detectors.ruleset import RuleSet
from detectors.syntax import any_line_end

_T = TypeVar("_T")

_SHARED_KEYS: Final = {"references": list, "access": str, "revoke": str, "revoke_url": str, "verified": bool}
_FILE_KEYS: Final = {"title", "rule", "set", *_SHARED_KEYS}
_RULE_KEYS: Final = {
    "id": str, "title": str, "severity": str, "pattern": str, "value": str, "line": str, "names": list,
    "minimum": int, "family": str, "proof": str, "extent": str, "entropy": float, "placeholders": bool,
    "alone": bool, "anchor": str, "wakes": bool, "reject": list, "profile": str, "canonical": str, "credential": str, **_SHARED_KEYS,
    "examples": list, "negatives": list, "engine": str, "caseless": bool, "bounded": bool, "syntaxes": list,
}  # fmt: skip
_SET_KEYS: Final = {
    "id": str, "title": str, "severity": str, "primary": str, "parts": list, "optional": list,
    "within": int, "examples": list,
}  # fmt: skip
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.]*[a-z0-9]&?")
_LINK: Final = re.compile(r"(?:https://|docs/)[^\s<>\"]+")
_SHORTEST_LITERAL: Final = 3
_SHORTEST_NAME: Final = 3
_FEWEST_RECORDS: Final = 3


def read(contents: Mapping[str, bytes]) -> RuleSet:
    """The rules and sets of these files, content by path. Raises RuleError on the first mistake."""
    rules: dict[str, Rule] = {}
    sets: dict[str, CredentialSet] = {}
    where: dict[str, Path] = {}
    for path, content in ((Path(name), content) for name, content in contents.items()):
        found_rules, found_sets = _read(path, content)
        for name in (*(rule.id for rule in found_rules), *(entry.id for entry in found_sets)):
            if name in where:
                raise RuleError(f"{path}: {name}: the id is taken by {where[name]}; choose another")
            where[name] = path
        rules.update((rule.id, rule) for rule in found_rules)
        sets.update((entry.id, entry) for entry in found_sets)
    for entry in sets.values():
        for part in (entry.primary, *entry.parts, *entry.optional):
            if part not in rules:
                raise RuleError(f"{where[entry.id]}: {entry.id}: no rule {part!r}; name an existing one")
    return RuleSet(
        rules=tuple(sorted(rules.values(), key=lambda rule: rule.id)),
        sets=tuple(sorted(sets.values(), key=lambda entry: entry.id)),
        digest=rulefiles.digest(contents),
    )


def _read(path: Path, content: bytes) -> tuple[list[Rule], list[CredentialSet]]:
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"{path}: not TOML: {error}") from error
    for key in sorted(table.keys() - _FILE_KEYS):
        raise RuleError(f"{path}: unknown key {key!r}; a file has {', '.join(sorted(_FILE_KEYS))}")
    for key in ("rule", "set"):
        entries = table.get(key, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise RuleError(f"{path}: {key} is not a list of tables; write [[{key}]]")
    shared = _checked({key: table[key] for key in _SHARED_KEYS if key in table}, _SHARED_KEYS)
    rules = [_located(path, entry, lambda e: _rule(path.stem, e, shared)) for entry in table.get("rule", [])]
    sets = [_located(path, entry, lambda e: _set(path.stem, e)) for entry in table.get("set", [])]
    if not rules and not sets:
        raise RuleError(f"{path}: no [[rule]] in it; add one or remove the file")
    return rules, sets


def _located(path: Path, entry: Mapping[str, Any], make: Callable[[Mapping[str, Any]], _T]) -> _T:
    try:
        return make(entry)
    except RuleError as error:
        raise RuleError(f"{path}: {entry.get('id', 'a rule without id')}: {error}") from error


def _strings(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RuleError(f"{key} is not a list of texts")
    return tuple(value)


def _checked(entry: Mapping[str, Any], keys: Mapping[str, type]) -> dict[str, Any]:
    """The entry with lists as tuples. Raises RuleError on an unknown key or a value of another type."""
    found: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in keys:
            raise RuleError(f"unknown key {key!r}; known are {', '.join(sorted(keys))}")
        wanted = keys[key]
        if wanted is list:
            found[key] = _strings(key, value)
        elif wanted is float and type(value) is int:
            found[key] = float(value)
        elif type(value) is not wanted:
            raise RuleError(f"{key} is not a {wanted.__name__}")
        else:
            found[key] = value
    return found


def _typed(entry: Mapping[str, Any], keys: Mapping[str, type]) -> dict[str, Any]:
    """The entry of a rule or set, checked. Raises RuleError."""
    found = _checked(entry, keys)
    for key in ("id", "title", "severity", "examples"):
        if not found.get(key):
            raise RuleError(f"no {key}; add it")
    if not _ID.fullmatch(found["id"]):
        raise RuleError("the id is not kebab-case: lower-case letters, digits, single hyphens")
    if found["severity"] not in list(Severity):
        raise RuleError(f"severity {found['severity']!r}; one of {', '.join(Severity)}")
    return found


def _set(provider: str, entry: Mapping[str, Any]) -> CredentialSet:
    found = _typed(entry, _SET_KEYS)
    if not found.get("primary") or not found.get("parts"):
        raise RuleError("a set needs a primary and parts; add them")
    found["severity"] = Severity(found["severity"])
    return CredentialSet(provider=provider, **found)


def _rule(provider: str, entry: Mapping[str, Any], shared: Mapping[str, Any]) -> Rule:
    """`shared` is what the file says for all of its rules."""
    found = _typed(entry, _RULE_KEYS)
    references = shared.get("references", ()) + found.get("references", ())
    found = {**shared, **found, "references": references}
    rule_id = found["id"]
    if provider not in ("generic", rule_id) and not rule_id.startswith(provider + "-"):
        raise RuleError(f"the id does not begin with the provider; name it {provider}-…")
    kind, pattern = _kind(found)
    for key in ("value", "line"):
        found.pop(key, None)
    pattern = any_line_end(pattern)
    found["severity"] = Severity(found["severity"])
    for key in ("revoke_url", "references"):
        _check_links(key, found.get(key, ()))
    found.setdefault("family", rule_id)
    found.setdefault("credential", rule_id.removeprefix(provider + "-"))
    rule = Rule(**{**found, "provider": provider, "kind": kind, "pattern": pattern})
    _check_names_of_parts(rule)
    engine = _check_expression(rule, asked=found.get("engine", ""))
    return replace(rule, engine=engine)


def _check_links(key: str, links: str | tuple[str, ...]) -> None:
    for link in (links,) if isinstance(links, str) else links:
        if not _LINK.fullmatch(link):
            raise RuleError(f"{key}: {link!r} is no link; write https://… (or docs/…) and nothing else")


def _kind(found: Mapping[str, Any]) -> tuple[Kind, str]:
    """The kind by the keys that are there, and its expression."""
    given = sorted(found.keys() & {"pattern", "value", "line", "names", "minimum"})
    match given:
        case ["pattern"]:
            named = expressions.groups(found["pattern"])
            return (Kind.STRUCTURE if "secret" in named else Kind.TOKEN), found["pattern"]
        case ["names", "value"]:
            return Kind.CONTEXT, found["value"]
        case ["line", "minimum"]:
            return Kind.RECORDS, found["line"]
    raise RuleError(
        f"{' + '.join(given) or 'no expression'}: a rule has `pattern`, `names` and `value`, or `line` and `minimum`"
    )


def _check_names_of_parts(rule: Rule) -> None:
    """Everything that refers to something by name."""
    for key, name, known in (
        ("proof", rule.proof, proofs()),
        ("extent", rule.extent, extents.EXTENTS),
        ("canonical", rule.canonical, canonical.CANONICALS),
        ("profile", rule.profile, profiles.PROFILES),
    ):
        if name and name not in known:
            raise RuleError(f"{key} {name!r} is unknown; known are {', '.join(sorted(known)) or 'none'}")
    _check_kind(rule)


def _check_kind(rule: Rule) -> None:
    """What a kind demands of its keys."""
    for syntax in rule.syntaxes:
        if syntax not in list(Syntax):
            raise RuleError(f"syntax {syntax!r} is unknown; known are {', '.join(Syntax)}")
    for name in rule.names:
        if len(name) < _SHORTEST_NAME or not _NAME.fullmatch(name):
            raise RuleError(
                f"name {name!r}: {_SHORTEST_NAME} or more lower-case letters, digits, `_` or `.`, no separator at its ends"
            )
    if rule.kind is Kind.CONTEXT and not rule.names:
        raise RuleError("names is empty; add one")
    if rule.anchor and rule.kind is not Kind.RECORDS:
        raise RuleError("only a records rule has an anchor; take it out")
    if rule.wakes and not rule.anchor:
        raise RuleError("wakes says that the anchor wakes the rule: give it one")
    if rule.kind is Kind.RECORDS and rule.minimum < _FEWEST_RECORDS:
        raise RuleError(f"minimum is {rule.minimum}; fewer than {_FEWEST_RECORDS} lines are no dump")


def _check_expression(rule: Rule, *, asked: str) -> str:
    """The engine that confirms the rule. Raises RuleError when neither can."""
    facts = expressions.facts(rule.pattern, caseless=rule.caseless)
    if rule.kind in (Kind.TOKEN, Kind.STRUCTURE) and facts.literal < _SHORTEST_LITERAL:
        raise RuleError(
            f"no fixed text of {_SHORTEST_LITERAL} characters in it: too slow for the stream; make it a context rule"
        )
    if facts.restless and not rule.anchor:
        raise RuleError(
            "it ends in a class behind a varying repeat of the same bytes, so that every length is a hit: put the class into the "
            "repeat (no value ends in `.`, `:` or `!`), or say how it ends with a look-behind"
        )
    for text in rule.reject:
        if not expressions.facts(text).safe:
            raise RuleError(
                "an expression of `reject` has nested or adjacent repeats of the same bytes; simplify it"
            )
    if asked not in ("", "re", "re2"):
        raise RuleError(f"engine {asked!r}; re or re2")
    if facts.safe and asked != "re2":
        return "re"
    if asked == "re":
        raise RuleError("nested or adjacent repeats of the same bytes: not safe for `re`; remove `engine`")
    if facts.looks_around:
        raise RuleError(
            "it needs RE2 (nested or adjacent repeats, or `engine`), which has no look-arounds; simplify it"
        )
    return "re2"
