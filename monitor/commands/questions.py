"""The three questions of `leakstream init`, asked at a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import typer

from monitor.commands.answers import Answers, Plan, Secret, names, offered

_SOURCES: Final = "github_events, github_gists, hackernews"


def ask(summaries: Mapping[str, str]) -> Answers:
    """`summaries`: source -> one line."""
    typer.echo(
        "Three questions; Enter takes what stands in brackets. Everything can be changed in the file later.\n"
    )
    mine = typer.prompt(
        "1. What is yours? Domains, and names of organisations on forges, with commas", default=""
    )
    domains, organisations = names(mine)
    typer.echo("\n2. What is to be read?")
    for name, summary in summaries.items():
        typer.echo(f"   {name:<14} {summary}")
    sources = typer.prompt("   Names with commas", default=_SOURCES)
    typer.echo(f"\n3. Who is told? {', '.join(offered())}")
    typer.echo(
        "   alertmanager=http://HOST:9093 and email=oncall@example.com say where; the others are asked for below."
    )
    notifiers = typer.prompt("   Names with commas", default="log")
    return Answers(domains, organisations, _listed(sources), _listed(notifiers))


def ask_secrets(plan: Plan, there: Iterable[str]) -> Plan:
    """What is typed is not shown. `there`: files that exist already and are kept."""
    given: dict[str, Secret] = {}
    kept = frozenset(there)
    for file, secret in plan.secrets.items():
        value = secret.value
        if file not in kept and not value:
            prompt = f"   {secret.what} (not shown; Enter = later)"
            value = typer.prompt(prompt, default="", hide_input=True, show_default=False).strip()
        given[file] = replace(secret, value=value)
    return Plan(plan.tables, given)


def _listed(text: str) -> list[str]:
    return text.replace(",", " ").split()
