"""`leakstream rules list|show`: what is looked for. `new`, `check` and `import` are in `authoring`."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import orjson
import typer

from detectors import Rule, RuleSet, load_rules
from detectors.errors import RuleError
from detectors.synthetic import render
from monitor.commands import authoring
from monitor.commands.errors import Failure
from monitor.commands.tables import new_table, print_table

app = typer.Typer(
    help="What leakstream can find, and whether its rules keep their promises.", no_args_is_help=True
)
Extra = Annotated[
    list[Path] | None, typer.Option("--rules", exists=True, help="Further rule files or folders of them.")
]
_FIELDS: Final = (
    "id", "provider", "credential", "title", "severity", "kind", "proof", "access", "references", "revoke", "revoke_url",
    "verified", "alone",
)  # fmt: skip
_MORE: Final = ("names", "pattern", "profile", "family")
_WIDTH: Final = 12


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


def register(parent: typer.Typer) -> None:
    authoring.register(app)
    parent.add_typer(app, name="rules")


@app.command("list")
def list_rules(
    rules: Extra = None,
    provider: Annotated[str, typer.Option(help="Only this provider.")] = "",
    output: Annotated[
        Output, typer.Option("--format", "-f", help="jsonl: one object a line; json: an array of them.")
    ] = Output.TABLE,
) -> None:
    """List every rule: id, severity, kind, offline proof."""
    found = [rule for rule in load_rules(rules or ()).rules if provider in ("", rule.provider)]
    match output:
        case Output.JSONL:
            for rule in found:
                typer.echo(orjson.dumps(_as_dict(rule)))
        case Output.JSON:
            typer.echo(orjson.dumps([_as_dict(rule) for rule in found], option=orjson.OPT_INDENT_2))
        case Output.TABLE:
            table = new_table("rule", "severity", "kind", "proof", "what")
            for rule in found:
                table.add_row(rule.id, rule.severity, rule.kind, rule.proof, rule.title)
            print_table(table, f"{len(found)} rules")


def _as_dict(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in _FIELDS}


@app.command("show")
def show(rule_id: str, rules: Extra = None) -> None:
    """Show one rule: what it finds, what its holder can do, how it is revoked, and a made example."""
    known = load_rules(rules or ())
    if rule_id not in known.by_id:
        raise Failure(f"there is no rule {rule_id}; `leakstream rules list` names them")
    for name, value in _lines(known[rule_id], known):
        typer.echo(f"{name:<{_WIDTH}}{value}".rstrip())


def _lines(rule: Rule, known: RuleSet) -> Iterator[tuple[str, str]]:
    yield "id", rule.id
    yield "what", rule.title
    yield "provider", rule.provider
    yield "credential", rule.credential
    yield "severity", rule.severity
    yield "kind", rule.kind + ("" if rule.alone else " (reported only as a part of a set)")
    yield "proof", rule.proof or "none offline"
    yield "access", rule.access or "not stated"
    yield "revoke", rule.revoke or "not stated: rotate it at the provider's console"
    if rule.revoke_url:
        yield "", rule.revoke_url
    if not rule.verified:
        yield "", "unverified: nobody compared these steps with the provider's documentation"
    for number, link in enumerate(rule.references):
        yield "references" if not number else "", link
    for name in _MORE:
        value = getattr(rule, name)
        if value:
            yield name, ", ".join(value) if isinstance(value, tuple) else value
    for number, line in enumerate(_example(rule, known)):
        yield "example" if not number else "", line


def _example(rule: Rule, known: RuleSet) -> list[str]:
    """Made for this call, like nobody's."""
    try:
        made = render(rule.examples[0], rule, known, Random())  # noqa: S311 - a sample, not a secret
    except RuleError as error:
        return [f"none could be made: {error}"]
    return made.text.decode("utf-8", "backslashreplace").splitlines()
