"""`leakstream policy test|explain`: what the configured watch list and policy make of findings, without a service or a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.text import Text

from monitor.alerting.ownership import KINDS, Ownership, WatchSettings
from monitor.alerting.policy.table import Policy, PolicySettings
from monitor.alerting.policy.tabletests import Outcome, PolicyTestError, read, run
from monitor.alerting.policy.why import row_text
from monitor.app import section
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.config import Config
from monitor.untrusted import Sink, untrusted

FILE_NAME = "policy-tests.toml"
app = typer.Typer(help="What becomes of a finding, tested and explained.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="policy")


@app.command("test")
def run_tests(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help=f"Tables of tests (TOML); default: {FILE_NAME} beside the configuration.", show_default=False
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a case.")] = False,
) -> None:
    """Run table tests against the configured watch list and policy. Exit status 1 when one comes out otherwise.

    A test says what a finding looks like and what is to become of it:

    \b
    [[case]]
    name = "a key of our account in a stranger's repository"
    given = { repository = "stranger/dotfiles", facts = { account_id = "123456789012" } }
    then = { action = "page", row = "yours", reasons = ["account_id"] }

    docs/how-to/policy.md lists everything that may be stated.
    """  # noqa: D301 - click's mark for lines that stay as they are
    settings = read_config(config)
    ownership, policy = Ownership(section(settings, WatchSettings)), _policy(settings)
    paths = files or [(settings.path.parent if settings.path else Path()) / FILE_NAME]
    try:
        outcomes = [outcome for path in paths for outcome in run(read(path), ownership, policy)]
    except PolicyTestError as error:
        raise Failure(str(error)) from error
    failed = sum(1 for outcome in outcomes if outcome.differences)
    if as_json:
        for outcome in outcomes:
            typer.echo(orjson.dumps(_object(outcome)).decode())
    else:
        _print(outcomes, failed)
    if failed:
        raise typer.Exit(1)


@app.command("explain")
def explain(config: ConfigOption = None) -> None:
    """Print the policy's rows in the order in which they are asked, and what each kind of match is worth."""
    settings = read_config(config)
    policy = _policy(settings)
    table = new_table("row", "action", "when")
    for row in policy.rows:
        table.add_row(row.name, row.action.value, row_text(row))
    print_table(table, "the first row that fits decides; what none fits is recorded (no_row)")
    typer.echo(
        "always: a refuted value is dropped, a drill pages those marked for drills, only what is proved yours pages;\n"
        f"        of what is only claimed {policy.claimed_tickets} tickets begin in an hour, then one tells of the others\n"
    )
    table = new_table("match", "proof", "weight", "says")
    for name, kind in KINDS.items():
        if kind.weight:
            text = kind.text.format(entry="<entry>", found="<what was found>")
            table.add_row(name, kind.proof.value, str(kind.weight), text)
    print_table(table, "the score is the sum of the weights, at most 100")


def _policy(settings: Config) -> Policy:
    return Policy.of(section(settings, PolicySettings))


def _object(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.case.name,
        "passed": not outcome.differences,
        "action": outcome.decision.action.value,
        "row": outcome.decision.reason,
        "owned": outcome.attribution.level.value,
        "score": outcome.attribution.score,
        "reasons": [f"{reason['kind']} {reason['entry']}" for reason in outcome.attribution.reasons],
        "differences": list(outcome.differences),
    }


def _print(outcomes: list[Outcome], failed: int) -> None:
    table = new_table("", "case", "action", "row", "owned", "score", "reasons")
    for outcome in outcomes:
        mark = ("FAIL", "bold red") if outcome.differences else ("ok", "green")
        reasons = ", ".join(f"{reason['kind']} {reason['entry']}" for reason in outcome.attribution.reasons)
        table.add_row(
            Text(*mark),
            Text(untrusted(outcome.case.name, Sink.TERMINAL)),
            outcome.decision.action.value,
            outcome.decision.reason,
            outcome.attribution.level.value,
            str(outcome.attribution.score),
            Text(untrusted(reasons, Sink.TERMINAL)),
        )
    print_table(table, f"{len(outcomes) - failed} of {len(outcomes)} as expected")
    for outcome in outcomes:
        for difference in outcome.differences:
            typer.echo(
                f"FAIL {untrusted(outcome.case.name, Sink.TERMINAL)}: {untrusted(difference, Sink.TERMINAL)}"
            )
