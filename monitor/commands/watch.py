"""`leakstream watch fingerprint|list`: your own secrets as keyed hashes, for `[watch] own_secrets`. No value is printed, logged or kept."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from monitor import hardening
from monitor.app import known_by_rules, own_files
from monitor.commands.errors import Failure
from monitor.commands.service import ConfigOption, read_config
from monitor.commands.tables import new_table, print_table
from monitor.config import Config
from monitor.identity import KeyRing, load_keys
from monitor.own import fingerprinting, ownfile
from monitor.own.gathering import gathered
from monitor.own.ownfile import Entry, OwnFileError
from monitor.own.reading import Format, NamedSecret, UnreadableSecrets
from monitor.own.vault import VaultError
from monitor.untrusted import Sink, untrusted

app = typer.Typer(help="Your own secrets, watched for by keyed hash.", no_args_is_help=True)
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_REASONS = {
    "empty": "empty",
    "short": "under 8 characters",
    "long": "over 32 KiB",
    "low_entropy": "too easy to guess: strangers have it, too",
    "placeholder": "a placeholder",
    "not_secret": "an address, a host or a path, without a login",
    "public": "everybody has it: an example of a documentation",
    "in_its_name": "its name says it",
    "not_text": "a number, true, false or null, no text",
    "not_base64": "a binary value that is no text",
    "too_deep": "nested too deeply",
    "selector_reveals": "characters enough to find it would leave under 64 bits hidden, or be a third of it",
    "selector_lines": "it has blanks or line ends",
    "selector_long": "over 1,024 bytes",
    "selector_needless": "a rule knows its format",
}


class NameFrom(StrEnum):
    """What a secret is called by."""

    KEY = "key"
    POSITION = "position"


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="watch")


@app.command("fingerprint")
def fingerprint(
    places: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            help="- or stdin (the default), a file, or vault:MOUNT/PATH (vault:MOUNT/PATH/ for all below it; VAULT_ADDR and"
            " VAULT_TOKEN in the environment). May be repeated.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The file to write; what it has already stays.")] = Path(
        "own.txt"
    ),
    config: ConfigOption = None,
    kind: Annotated[
        Format,
        typer.Option(
            "--format", help="lines (one secret each), env (NAME=value) or json; auto tells them apart."
        ),
    ] = Format.AUTO,
    name_from: Annotated[
        NameFrom, typer.Option(help="What each is called on pages: by its key, or by where it stood.")
    ] = NameFrom.KEY,
    prefix: Annotated[str, typer.Option(help="In front of each name.")] = "",
    selectors: Annotated[
        bool,
        typer.Option(
            "--selectors",
            help="Also write a few leading characters of secrets whose format no rule knows, so that they are found by"
            " themselves. Whoever reads the file reads these characters.",
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Leave out what the file has and is not given now.")
    ] = False,
    check: Annotated[
        Path | None,
        typer.Option(
            help="Write nothing: say what this file holds, and whether the keys fit.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write keyed hashes of secrets into a file that may be kept under version control.

    Reads one secret a line, NAME=value, JSON, or what these print: vault kv get -format=json, aws secretsmanager
    get-secret-value, gcloud secrets versions access --format=json, az keyvault secret show. No secret is ever an argument.
    """
    hardening.no_core_dumps()
    settings = read_config(config)
    keys = load_keys(settings.key_file)
    if check is not None:
        raise typer.Exit(_checked(check, keys, as_json=as_json))
    skipped: Counter[str] = Counter()
    try:
        outcome = fingerprinting.fingerprint(
            asyncio.run(_all(places or ["-"], skipped, kind)),
            keys,
            selectors=selectors,
            known=known_by_rules(settings) if selectors else lambda _: False,
            by_position=name_from is NameFrom.POSITION,
            prefix=prefix,
        )
        if outcome.entries:
            old = ownfile.read(out) if out.exists() and not replace else ()
            ownfile.write(out, fingerprinting.merged(old, outcome))
    except (UnreadableSecrets, VaultError, OwnFileError) as error:
        raise Failure(str(error)) from None  # what lies behind it may hold a secret
    _tell(outcome, skipped, out, as_json=as_json)
    if not outcome.entries:
        raise Failure("no secret was given that can be watched; nothing was written", status=1)


@app.command("list")
def list_secrets(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Default: those of [watch] own_secrets.", show_default=False)
    ] = None,
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many; JSON has all.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the own secrets that are watched: names, keys, and how many characters are shown of each."""
    settings = read_config(config)
    wanted = files or own_files(settings)
    if not wanted:
        raise Failure("no file of own secrets: name one, or set own_secrets in [watch]")
    active = _active(settings)
    try:
        found = ((path, entry) for path in wanted for entry in ownfile.read(path))
        if as_json:
            for path, entry in found:
                typer.echo(orjson.dumps(_told(path, entry, active)).decode())
            return
        shown = list(islice(found, limit))
        more = sum(1 for _ in found)
    except OwnFileError as error:
        raise Failure(str(error)) from error
    table = new_table("name", "key", "shown", "file")
    for path, entry in shown:
        key = (
            entry.key_id if not active or entry.key_id in active else f"{entry.key_id} (not in the key file)"
        )
        head = entry.selector
        table.add_row(
            untrusted(entry.name, Sink.TERMINAL, limit=80),
            key,
            f"{len(head.head)} of {head.length}" if head else "nothing",
            str(path),
        )
    print_table(table, f"{len(shown)} of {len(shown) + more}")


async def _all(places: Iterable[str], skipped: Counter[str], kind: Format) -> list[NamedSecret]:
    return [secret async for secret in gathered(list(places), skipped, os.environ, kind=kind)]


def _active(config: Config) -> frozenset[str]:
    """The ids of the keys, none where there is no key file here: a file may be listed elsewhere."""
    return frozenset(load_keys(config.key_file).keys) if config.key_file.exists() else frozenset()


def _told(path: Path, entry: Entry, active: frozenset[str]) -> dict[str, Any]:
    shown = len(entry.selector.head) if entry.selector else 0
    return {
        "name": entry.name,
        "key": entry.key_id,
        "active": entry.key_id in active if active else None,
        "shown": shown,
        "length": entry.selector.length if entry.selector else None,
        "file": str(path),
    }


def _checked(path: Path, keys: KeyRing, *, as_json: bool) -> int:
    """Says what the file holds. Exit status 1: something in it is under a key that the key file does not have."""
    counts: Counter[str] = Counter()
    selectors = 0
    try:
        for entry in ownfile.read(path):
            counts[entry.key_id] += 1
            selectors += entry.selector is not None
    except OwnFileError as error:
        raise Failure(str(error)) from error
    lost = sum(count for key_id, count in counts.items() if key_id not in keys.keys)
    older = sum(
        count for key_id, count in counts.items() if key_id in keys.keys and key_id != keys.current_id
    )
    told = {
        "entries": counts.total(),
        "selectors": selectors,
        "by_key": counts,
        "older_keys": older,
        "lost": lost,
    }
    if as_json:
        typer.echo(orjson.dumps(told).decode())
        return 1 if lost else 0
    typer.echo(f"{counts.total()} entries, {selectors} with a selector")
    if older:
        typer.echo(f"{older} under an older key: fingerprint them again before it leaves the key file")
    if lost:
        typer.echo(
            f"{lost} under keys that are not in the key file: these secrets are not found; fingerprint them again"
        )
    return 1 if lost else 0


def _tell(outcome: fingerprinting.Outcome, skipped: Counter[str], out: Path, *, as_json: bool) -> None:
    with_selector = sum(entry.selector is not None for entry in outcome.entries)
    if as_json:
        told = {
            "written": len(outcome.entries),
            "with_selector": with_selector,
            "file": str(out),
            "refused": [{"name": name, "reason": reason} for name, reason in outcome.refused],
            "without_selector": outcome.without_selector,
            "skipped": skipped,
        }
        typer.echo(orjson.dumps(told).decode())
        return
    typer.echo(f"{len(outcome.entries)} written to {out}, {with_selector} with a selector")
    counts = Counter(reason for _, reason in outcome.refused)
    for title, reasons in (
        ("refused", counts),
        ("without a selector", outcome.without_selector),
        ("no secrets", skipped),
    ):
        for reason, count in reasons.most_common():
            typer.echo(f"{title}: {count}, {_REASONS[reason]}{_some(outcome, reason)}")


def _some(outcome: fingerprinting.Outcome, reason: str) -> str:
    names: Iterator[str] = (
        untrusted(name, Sink.TERMINAL, limit=80) for name, why in outcome.refused if why == reason
    )
    some = list(islice(names, 5))
    return f" ({', '.join(some)}{' …' if next(names, None) else ''})" if some else ""
