"""`leakstream rules list|show|check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from detectors import Scanner, load_rules
from detectors.check import check_rules
from monitor.commands.errors import Failure
from monitor.commands.tables import new_table, print_table

app = typer.Typer(
    help="What leakstream can find, and whether its rules keep their promises.", no_args_is_help=True
)
Extra = Annotated[
    list[Path] | None, typer.Option("--rules", exists=True, help="Further rule files or folders of them.")
]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="rules")


@app.command("list")
def list_rules(
    rules: Extra = None,
    provider: Annotated[str, typer.Option(help="Only this provider.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """List every rule: id, severity, kind, offline proof."""
    found = [rule for rule in load_rules(rules or ()).rules if provider in ("", rule.provider)]
    if as_json:
        for rule in found:
            fields = ("id", "provider", "title", "severity", "kind", "proof", "family", "alone")
            typer.echo(orjson.dumps({name: getattr(rule, name) for name in fields}).decode())
        return
    table = new_table("rule", "severity", "kind", "proof", "what")
    for rule in found:
        table.add_row(rule.id, rule.severity, rule.kind, rule.proof, rule.title)
    print_table(table, f"{len(found)} rules")


@app.command("show")
def show(rule_id: str, rules: Extra = None) -> None:
    """Show one rule with its references and where to revoke what it finds."""
    for rule in load_rules(rules or ()).rules:
        if rule.id == rule_id:
            for name in (
                "id",
                "provider",
                "title",
                "severity",
                "kind",
                "pattern",
                "names",
                "proof",
                "family",
                "revoke",
                "references",
            ):
                value = getattr(rule, name)
                typer.echo(f"{name:<11}{', '.join(value) if isinstance(value, tuple) else value}")
            return
    raise Failure(f"there is no rule {rule_id}; `leakstream rules list` names them")


@app.command("check")
def check(rules: Extra = None) -> None:
    """Check that every example is found and no negative is. Exit status 1 when one is not."""
    found = load_rules(rules or ())
    problems = check_rules(found, Scanner(found))
    for problem in problems:
        typer.echo(f"{problem.rule_id}: {problem.text}", err=True)
    typer.echo(f"{len(found.rules)} rules, {len(problems)} problems")
    if problems:
        raise typer.Exit(1)
