"""`leakstream rules new|check|import`: the tools of who writes rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from detectors import Rule, RuleSet, Scanner, authoring, cost, load_rules, sample, skeleton
from detectors.check import Problem, check_rules
from detectors.errors import DetectorError
from detectors.imports import gitleaks
from detectors.loader import load_files
from monitor.commands.errors import Failure
from monitor.commands.tables import new_table, print_table
from monitor.walking import walk

_SAMPLE_BYTES = 50_000_000  # of a tree
_LARGEST_FILE = 4_000_000
Folder = Annotated[
    Path, typer.Option("--output", "-o", file_okay=False, help="The folder for the rule files.")
]


def register(app: typer.Typer) -> None:
    app.command("new")(new)
    app.command("check")(check)
    app.command("import")(import_rules)


def new(
    provider: str,
    credential: str,
    output: Folder = Path("rules"),
    prefix: Annotated[str, typer.Option(help="What every value begins with, if it has such a text.")] = "",
    length: Annotated[int, typer.Option(help="How many characters vary.")] = 32,
    alphabet: Annotated[str, typer.Option(help=f"Of these: {', '.join(skeleton.ALPHABETS)}.")] = "alnum",
) -> None:
    """Write a commented rule file that passes the check: PROVIDER and CREDENTIAL in kebab-case (`acme api-key`)."""
    text = skeleton.rule_file(provider, credential, prefix=prefix, length=length, alphabet=alphabet)
    path = output / f"{provider}.toml"
    output.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Failure(f"{path} is there already: add a [[rule]] to it") from None
    try:
        load_rules([path])
    except DetectorError:
        path.unlink()
        raise
    typer.echo(f"{path} written; then: leakstream rules check --rules {output}")


def check(
    rules: Annotated[
        list[Path] | None,
        typer.Option(
            "--rules", exists=True, help="Rule files or folders of your own: only these are checked."
        ),
    ] = None,
    tree: Annotated[
        Path | None,
        typer.Option(
            "--sample", exists=True, file_okay=False, help="A tree to measure on; default: made text."
        ),
    ] = None,
) -> None:
    """Check that every example is found and no negative is, and what the rules cost. Exit status 1 when something is wrong."""
    known = load_rules(rules or ())
    scanner = Scanner(known)
    mine = _own(known) if rules else known.rules
    only = [rule.id for rule in mine]
    problems = check_rules(known, scanner, only=only) if only else []
    documents = _files_of(tree) if tree else sample.made(known)
    loud = cost.loudest(scanner, documents, count=len(known))
    hits = {one.name: one.hits_per_mb for one in loud}
    if rules:
        problems += authoring.refused(mine, hits)
        _print("advice: ", authoring.advice(mine, hits))
    else:  # what is shipped was measured on whole trees of code, and is not asked to keep to what an author is asked for
        _print("advice: ", authoring.refused(mine, hits))
    _costs(mine, known, scanner, documents, hits)
    _print("", problems, err=True)
    typer.echo(f"{len(mine)} rules, {len(problems)} problems")
    if problems:
        raise typer.Exit(1)


def _own(known: RuleSet) -> tuple[Rule, ...]:
    """The rules that do not come with the library."""
    shipped = load_rules().by_id
    return tuple(rule for rule in known.rules if rule.id not in shipped)


def _print(mark: str, problems: Sequence[Problem], *, err: bool = False) -> None:
    for problem in problems:
        typer.echo(f"{mark}{problem.rule_id}: {problem.text}", err=err)


def _files_of(tree: Path) -> list[bytes]:
    """Its files in the order of a walk, up to a size."""
    found: list[bytes] = []
    size = 0
    for entry in walk(str(tree), lambda _reason, _path: None):
        if size >= _SAMPLE_BYTES:
            break
        if (
            entry.is_file(follow_symlinks=False)
            and entry.stat(follow_symlinks=False).st_size <= _LARGEST_FILE
        ):
            found.append(Path(entry.path).read_bytes())
            size += len(found[-1])
    if not size:
        raise Failure(f"{tree}: nothing in it to measure on")
    return found


def _costs(
    mine: Sequence[Rule], known: RuleSet, scanner: Scanner, documents: Sequence[bytes], hits: dict[str, float]
) -> None:
    """The ten loudest of them, each with its time alone, and all together where they are somebody's own."""
    megabytes = sum(map(len, documents)) / 1e6
    whole = cost.seconds(scanner.hits, documents)
    table = new_table("loudest", "hits/MB", "time alone")
    for rule in sorted(mine, key=lambda rule: -hits.get(rule.id, 0.0))[:10]:
        share = cost.alone([rule], documents, whole=whole)
        table.add_row(rule.id, f"{hits.get(rule.id, 0.0):.1f}", f"{share:.0%}")
    print_table(
        table,
        f"time alone: of a database with only this rule, of the whole one's ({_speed(megabytes, whole)})",
    )
    if 0 < len(mine) < len(known):
        before = cost.seconds(Scanner(load_rules()).hits, documents)
        typer.echo(
            f"your {len(mine)} rules take {max(0.0, 1 - before / whole):.1%} of the whole database's time"
        )


def _speed(megabytes: float, seconds: float) -> str:
    return f"{megabytes / seconds:.0f} MB/s on {megabytes:.1f} MB"


def import_rules(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A TOML file with [[rules]].")],
    output: Folder = Path("rules"),
) -> None:
    """Translate a rule file in the manner of Gitleaks. Exit status 1 when a rule of it was refused."""
    imported = gitleaks.read(file.read_bytes())
    made = gitleaks.files(imported)
    output.mkdir(parents=True, exist_ok=True)
    for taken in [output / name for name in made if (output / name).exists()]:
        raise Failure(f"{taken} is there already: choose an empty folder")
    for name, content in made.items():
        (output / name).write_text(content, "utf-8")
    told = {"kept": 0, "changed": 0, "refused": 0}
    for rule in imported:
        word = ("changed" if rule.notes else "kept") if rule.toml else "refused"
        if rule.id:
            told[word] += 1
        for note in rule.notes:
            typer.echo(f"{word} {rule.id}: {note}" if rule.id else note)
    shipped = load_rules().by_id
    for rule_id in (rule.id for rule in imported if rule.toml and rule.id in shipped):
        typer.echo(
            f"{rule_id}: a rule of leakstream's own has this id: rename one of yours before you use both"
        )
    if made:
        load_files([output / name for name in made])
    typer.echo(", ".join(f"{count} {word}" for word, count in told.items()))
    if told["refused"]:
        raise typer.Exit(1)
