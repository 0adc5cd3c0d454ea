"""Rule files in the manner of Gitleaks (`[[rules]]` with id, regex, secretGroup, entropy, allowlists) -> files of docs/how-to/rules.md.

Nothing is left behind silently: every rule is kept, changed (each change is told) or refused with the reason. What is kept has
passed the loader, Hyperscan and its own made example.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from detectors import expressions
from detectors.check import check_rules
from detectors.errors import CompileError, DetectorError, RuleError
from detectors.imports.goregex import capturing, translate
from detectors.loader import load_files
from detectors.scanner import Scanner

_KNOWN: Final = frozenset(
    {
        "id",
        "description",
        "regex",
        "secretGroup",
        "keywords",
        "entropy",
        "tags",
        "path",
        "allowlist",
        "allowlists",
    }
)
_STOPWORDS: Final = 200  # of one expression


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one rule. `toml` is its `[[rule]]`, "" if refused; `notes` say what changed, or why it was refused."""

    id: str
    provider: str
    toml: str
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Rule:
    """A rule while it is translated."""

    notes: list[str] = field(default_factory=list)
    reject: list[str] = field(default_factory=list)


def read(content: bytes) -> list[Imported]:
    """Every rule of a file, in its order; what the file says for all rules is told as a last entry without an id. Blocks: some
    milliseconds a rule. Raises RuleError when it is no such file.
    """
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleError(f"not TOML: {error}") from error
    rules = table.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise RuleError("no [[rules]] in it: not a rule file in the manner of Gitleaks")
    shared = [entry for key in ("allowlist", "allowlists") for entry in _tables(table.get(key))]
    found = [_imported(rule, shared) for rule in rules]
    if "extend" in table:
        note = "[extend] is not followed: import the file it names as well"
        found.append(Imported("", "", "", (note,)))
    return found


def files(imported: Sequence[Imported]) -> dict[str, str]:
    """File name -> content, one a provider, of what is kept."""
    found: dict[str, str] = {}
    for rule in imported:
        if rule.toml:
            name = f"{rule.provider}.toml"
            found[name] = (
                found.get(name, f"title = {_quoted(rule.provider.capitalize())}\n") + "\n" + rule.toml
            )
    return found


def _imported(given: Mapping[str, Any], shared: Sequence[Mapping[str, Any]]) -> Imported:
    name = re.sub(r"[^a-z0-9]+", "-", str(given.get("id", "")).lower()).strip("-") or "unnamed"
    provider = name.partition("-")[0]
    made = _Rule()
    if name != given.get("id"):
        made.notes.append(f"its id was {given.get('id')!r}")
    try:
        toml = _toml(name, given, shared, made)
        _prove(provider, toml)
    except DetectorError as error:
        reason = (
            re.sub(rf"^\S*: (?:{re.escape(name)}: )?", "", str(error))
            if isinstance(error, RuleError | CompileError)
            else str(error)
        )
        return Imported(name, provider, "", (reason,))
    return Imported(name, provider, toml, tuple(made.notes))


def _toml(name: str, given: Mapping[str, Any], shared: Sequence[Mapping[str, Any]], made: _Rule) -> str:
    regex = given.get("regex")
    if not isinstance(regex, str) or not regex:
        raise RuleError("it has no regex: only the text of a file is looked at, never its path alone")
    if given.get("path"):
        raise RuleError(
            "it holds for some paths only, which a stream of texts does not have: write it without `path` if it may hold everywhere"
        )
    made.notes += [f"`{key}` is not kept" for key in sorted(given.keys() - _KNOWN)]
    if given.get("keywords"):
        made.notes.append("keywords are no condition: the whole expression is looked for in one pass")
    pattern, secret = _pattern(regex, given, made)
    for entry in [*_tables(given.get("allowlist")), *_tables(given.get("allowlists")), *shared]:
        _allow(entry, made)
    lines = [
        "[[rule]]",
        f"id = {_quoted(name)}",
        f"title = {_quoted(str(given.get('description') or name))}",
        'severity = "high"  # not stated by the file it came from',
        f"pattern = {_quoted(pattern)}",
        'engine = "re2"',
    ]
    if secret is None:
        lines.append("bounded = false")
    if isinstance(entropy := given.get("entropy"), int | float) and entropy > 0:
        lines.append(f"entropy = {float(entropy)}")
    if made.reject:
        lines.append(f"reject = [{', '.join(map(_quoted, made.reject))}]")
    lines.append('examples = [" {{secret}} "]')
    return "\n".join(lines) + "\n"


def _pattern(regex: str, given: Mapping[str, Any], made: _Rule) -> tuple[str, int | None]:
    """The expression, and the number of the group that holds the secret."""
    groups, asked = capturing(regex), given.get("secretGroup", 0)
    if not isinstance(asked, int):
        raise RuleError("secretGroup is not a number")
    if groups > 1 and not asked:
        made.notes.append("of its groups the first holds the secret")
    secret = (asked or 1) if groups or asked else None
    translated = translate(regex, secret=secret)
    if translated.bound:
        made.notes.append(f"repeats without an end are bounded to {translated.bound} more than their least")
    return translated.text, secret


def _tables(value: object) -> list[Mapping[str, Any]]:
    """An allowlist is a table, or a list of them."""
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)]


def _allow(entry: Mapping[str, Any], made: _Rule) -> None:
    """What of an allowlist speaks of the value becomes `reject`; the rest is told."""
    for key in ("paths", "commits"):
        if entry.get(key):
            made.notes.append(
                f"an allowlist's `{key}` are not kept: a text has none everywhere; use a baseline or a comment"
            )
    used = [key for key in ("regexes", "stopwords", "paths", "commits") if entry.get(key)]
    if str(entry.get("condition", "OR")).upper() == "AND" and len(used) > 1:
        made.notes.append("an allowlist with condition AND is not kept")
        return
    if target := {"match": "match", "line": "line"}.get(entry.get("regexTarget", "")):
        made.notes.append(f"an allowlist over the {target} is not kept: only the value is judged")
    else:
        for regex in entry.get("regexes", ()):
            _reject(str(regex), made)
    words = [re.escape(str(word)) for word in entry.get("stopwords", ())]
    made.reject += [
        f"(?i:{'|'.join(words[at : at + _STOPWORDS])})" for at in range(0, len(words), _STOPWORDS)
    ]


def _reject(regex: str, made: _Rule) -> None:
    try:
        text = translate(regex).text
        safe = expressions.facts(text).safe
    except RuleError as error:
        made.notes.append(f"the allowlist's {regex!r} is not kept: {error}")
        return
    if safe:
        made.reject.append(text)
    else:
        made.notes.append(
            f"the allowlist's {regex!r} is not kept: nested or adjacent repeats of the same bytes"
        )


def _prove(provider: str, toml: str) -> None:
    """Raises DetectorError when the rule does not load, compile, or find its own example."""
    with tempfile.TemporaryDirectory(prefix="leakstream-import-") as folder:
        path = Path(folder) / f"{provider}.toml"
        path.write_text(toml, "utf-8")
        ruleset = load_files([path])
        scanner = Scanner(ruleset, cache_dir=Path(folder))
        for problem in check_rules(ruleset, scanner, seeds=(1,)):
            raise RuleError(f"{problem.rule_id}: a made value is not found: {problem.text}")


def _quoted(text: str) -> str:
    """A TOML text, literal where that is possible: expressions stay readable."""
    plain = "'" not in text and text.isprintable()
    return f"'{text}'" if plain else '"' + "".join(_escaped(text)) + '"'


def _escaped(text: str) -> Iterator[str]:
    for char in text:
        if char in '"\\':
            yield "\\" + char
        else:
            yield char if char.isprintable() else f"\\u{ord(char):04x}"
