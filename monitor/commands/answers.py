"""What `leakstream init` was told, as tables of the configuration and files for the secrets: no secret stands in a table."""

from __future__ import annotations

import base64
import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

from monitor.commands.errors import Failure

CONSOLE: Final = "http://127.0.0.1:8686"
# what a source or notifier is told after "=": the key, and whether that is a list
_TARGETS: Final[Mapping[str, tuple[str, bool]]] = {
    "sources.git": ("repositories", True),
    "sources.directory": ("paths", True),
    "notifiers.alertmanager": ("urls", True),
    "notifiers.email": ("to", True),
}
# secrets without which a notifier does not start; a source's are found by their kind, and asked for as well
_SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    "notifiers.slack": ("url",),
    "notifiers.webhook": ("url", "secret"),
    "notifiers.pagerduty": ("routing_key",),
}
_OFFERED: Final = ("alertmanager", "slack", "webhook", "pagerduty", "email", "log")


@dataclass(frozen=True, slots=True)
class Answers:
    """`sources` and `notifiers` are names, or name=what it needs (an address, a folder); `external_url` is "" for the default."""

    domains: Sequence[str] = ()
    organisations: Sequence[str] = ()
    sources: Sequence[str] = ()
    notifiers: Sequence[str] = ()
    contact: str = ""
    external_url: str = ""

    @property
    def empty(self) -> bool:
        return not any((self.domains, self.organisations, self.sources, self.notifiers, self.contact))


@dataclass(frozen=True, slots=True)
class Secret:
    """`file` beside the configuration. `value` is "" while nobody has given it; `generated`: it was made here."""

    file: str
    what: str
    value: str = field(default="", repr=False)
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """`tables` for the template, `secrets` by their file."""

    tables: Mapping[str, Mapping[str, object]]
    secrets: Mapping[str, Secret]


def names(text: str) -> tuple[list[str], list[str]]:
    """Domains, and organisations (whatever has no dot), of a text with commas or blanks."""
    words = text.replace(",", " ").split()
    return [word for word in words if "." in word], [word for word in words if "." not in word]


def plan(
    answers: Answers, sources: Mapping[str, type[BaseModel]], notifiers: Mapping[str, type[BaseModel]]
) -> Plan:
    """Raises Failure for a name that there is not, or one that needs more than a name."""
    tables: dict[str, dict[str, object]] = {}
    found: dict[str, Secret] = {}
    watch = {"domains": list(answers.domains), "organisations": list(answers.organisations)}
    if watch := {key: value for key, value in watch.items() if value}:
        tables["watch"] = dict(watch)
    if answers.contact:
        tables["http"] = {"contact": answers.contact}
    for kind, given, known in (
        ("sources", answers.sources, sources),
        ("notifiers", answers.notifiers, notifiers),
    ):
        for entry in given:
            name, _, target = entry.partition("=")
            table = f"{kind}.{name}"
            if name not in known:
                raise Failure(f"{name}: no such one of {kind}; there are {', '.join(known)}")
            tables[table] = _settings(table, target)
            for secret in _secrets(table, known[name]):
                key = f"{secret.file.partition('.')[2]}_file"
                tables[table][key] = secret.file
                found[secret.file] = secret
    if answers.sources and "selftest" not in answers.sources:
        tables.setdefault("sources.selftest", {})
    if any(entry.partition("=")[0] != "log" for entry in answers.notifiers) or answers.external_url:
        tables[""] = {"external_url": answers.external_url or CONSOLE}
    if near := _near(answers.notifiers):
        tables.setdefault("http", {})["allow_private"] = near
    return Plan(tables, found)


def offered() -> Sequence[str]:
    """Notifiers that need no more than init can ask for."""
    return _OFFERED


def _settings(table: str, target: str) -> dict[str, object]:
    settings: dict[str, object] = {}
    if table in _TARGETS:
        if not target:
            raise Failure(f"{table}: say what it needs, as {table.partition('.')[2]}=…")
        key, several = _TARGETS[table]
        settings[key] = target.split() if several else target
    elif target:
        raise Failure(f"{table}: it takes nothing after '='; secrets are asked for, or put into a file")
    if table == "notifiers.email":  # by the mail server of this host
        sender = f"leakstream@{target.split(maxsplit=1)[0].rpartition('@')[2]}"
        settings |= {"host": "127.0.0.1", "security": "none", "port": 25, "sender": sender}
    return settings


def _secrets(table: str, model: type[BaseModel]) -> list[Secret]:
    """Several sources of one forge share a file: github.token."""
    name = table.partition(".")[2]
    group = name.partition("_")[0] if table.startswith("sources.") else name
    if table.startswith("sources."):
        wanted = tuple(
            key
            for key, info in model.model_fields.items()
            if f"{key}_file" in model.model_fields and info.annotation == SecretStr | None
        )
    else:
        wanted = _SECRETS.get(table, ())
    made = {"notifiers.webhook/secret": _signing_key}
    return [
        Secret(
            f"{group}.{key}",
            f"{key.replace('_', ' ')} of {table}",
            made[f"{table}/{key}"]() if f"{table}/{key}" in made else "",
            generated=f"{table}/{key}" in made,
        )
        for key in wanted
    ]


def _signing_key() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def _near(notifiers: Sequence[str]) -> list[str]:
    """Hosts on private addresses, which are not asked unless the configuration says so: as far as their name tells."""
    hosts = [
        urlsplit(url).hostname or ""
        for entry in notifiers
        for url in entry.partition("=")[2].split()
        if "://" in url
    ]
    return sorted({host for host in hosts if host and _is_near(host)})


def _is_near(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan"))
