"""The configuration, the keys and the files with secrets: whether they are there, and for whom."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from monitor import app
from monitor.alerting.ownership import WatchSettings
from monitor.commands.doctor.check import Check, Found, Patient, fail, ok, warn
from monitor.config import SHARED, Config
from monitor.coverage.signing import LedgerKeyError, load_signer
from monitor.identity import KeyFileError, load_keys
from monitor.sealing import EvidenceSettings, open_to_others
from monitor.store.settings import StoreSettings

_SECRETS: Final = "secrets"
# settings that name a file with a secret in it, beside those that are the `_file` form of another key
_SECRET: Final = frozenset(
    {"private_key_file", "cert_key_file", "key_file", "ssh_key", "netrc_file", "token_file"}
)


def look(patient: Patient) -> Found:
    config = patient.config
    yield _configuration(config)
    yield _key(config)
    yield _ledger(config)
    yield _state(config)
    yield from _secrets(config)
    yield _evidence(config)


def _configuration(config: Config) -> Check:
    if config.path is None:
        return warn("config", "no file: defaults only", "write one: `leakstream init`")
    return ok("config", str(config.path))


def _key(config: Config) -> Check:
    path = config.key_file
    if not path.exists():
        missing = f"{path} is not there"
        if config.bus.kind == "kafka":
            told = f"{missing}, and every stage on Kafka needs the same one"
            return fail("key", told, "`leakstream init` makes it once; give each host a copy")
        if app.section(config, StoreSettings).file(config.state).exists():
            told = f"{missing}, but {config.state} was made with one"
            return fail("key", told, "restore it from its backup; with a new one every leak would page again")
        return warn("key", missing, "`leakstream init` makes it, or the first start; keep a copy of it")
    try:
        ring = load_keys(path)
    except KeyFileError as error:
        return fail("key", str(error), _remedy(path))
    return ok("key", f"{ring.current_id} ({len(ring.keys)} active)")


def _ledger(config: Config) -> Check:
    """Only alerting needs it: no failure anywhere else."""
    path = app.ledger_key(config)
    if not path.exists():
        if path.parent.exists() and not os.access(path.parent, os.W_OK):
            told = f"{path} is not there and cannot be made"
            return warn("ledger", told, "`leakstream coverage key --new`, as a user who may write there")
        return ok("ledger", f"{path} will be made by the alerting stage; it signs what was seen")
    try:
        return ok("ledger", f"signed by {load_signer(path).public}")
    except LedgerKeyError as error:
        return fail("ledger", str(error), _remedy(path))


def _remedy(path: Path) -> str:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return f"chmod 600 {path}"
    if not os.access(path, os.R_OK):
        return f"chown {_me()} {path}, the user who runs leakstream"
    return f"restore {path} from its backup"


def _state(config: Config) -> Check:
    folder = config.state
    if not folder.exists():
        return ok("state", f"{folder} will be made")
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return fail(
            "state", f"{folder} is open to others, and raw documents are in it", f"chmod 700 {folder}"
        )
    if not os.access(folder, os.W_OK):
        return fail("state", f"{folder} cannot be written by {_me()}", f"chown -R {_me()} {folder}")
    return ok("state", str(folder))


def _secrets(config: Config) -> Iterator[Check]:
    """Group may read: that is how secrets of a pod are mounted."""
    named: dict[Path, list[str]] = {}
    for key, path in secret_files(config):
        named.setdefault(path, []).append(key)
    readable = 0
    for path, keys in named.items():
        who = ", ".join(keys)
        try:
            mode = path.stat().st_mode
            path.read_bytes()
        except FileNotFoundError:
            yield fail(_SECRETS, f"{who}: {path} is not there", f"make it: (umask 077; cat > {path})")
            continue
        except OSError as error:
            told = f"{who}: {path} cannot be read ({(error.strerror or 'an error').lower()})"
            yield fail(_SECRETS, told, f"chown {_me()} {path}; chmod 600 {path}")
            continue
        readable += 1
        if stat.S_IMODE(mode) & 0o007:
            yield warn(_SECRETS, f"{who}: everybody on this host can read {path}", f"chmod 600 {path}")
    if readable:
        yield ok(_SECRETS, f"{readable} of {len(named)} files can be read")


def secret_files(config: Config) -> Iterator[tuple[str, Path]]:
    """Every file with a secret that the configuration names, and the key that names it."""
    tables: dict[str, BaseModel] = {name: getattr(config, name) for name in SHARED}
    tables |= config.sections
    tables |= {f"sources.{name}": model for name, model in config.sources.items()}
    tables |= {f"notifiers.{name}": model for name, model in config.notifiers.items()}
    for table, model in tables.items():
        yield from _within(model, table)


def _within(value: object, key: str) -> Iterator[tuple[str, Path]]:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        for name in fields:
            inner, at = getattr(value, name), f"{key}.{name}"
            twin = name.endswith("_file") and name.removesuffix("_file") in fields
            if isinstance(inner, Path) and (twin or name in _SECRET):
                yield at, inner
            else:
                yield from _within(inner, at)
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from _within(inner, f"{key}.{number}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _within(inner, f"{key}.{name}")


def _evidence(config: Config) -> Check:
    settings = app.section(config, EvidenceSettings)
    path = settings.recipients_file
    try:
        recipients = settings.read()
        loose = path is not None and open_to_others(path)
    except (ValueError, OSError) as error:
        return fail("evidence", f"[evidence] {error}", "see docs/how-to/evidence-sealed.md")
    if not recipients:
        return ok("evidence", "off: only the masked preview of a finding is kept")
    if loose:
        told = f"others can write {path}, and so read what is sealed from then on"
        return fail("evidence", told, f"chmod go-w {path}")
    if app.section(config, WatchSettings).empty:
        return warn(
            "evidence", "nothing is sealed while [watch] is empty: nothing is ours", "fill in [watch]"
        )
    names = ", ".join(recipient.name for recipient in recipients)
    return ok("evidence", f"sealed to {names}, kept {settings.days:g} days")


def _me() -> str:
    return str(os.geteuid())
