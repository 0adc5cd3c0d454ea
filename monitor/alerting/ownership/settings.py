"""`[watch]`: what is yours, in the configuration and in files beside it that may be kept under version control."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import orjson
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from monitor.alerting.ownership.entries import BadEntry, Brands, Domains, Hosts, Names, Repositories
from monitor.configfile import Where

_TABLE: Final = "watch"


class WatchLists(BaseModel):
    """The lists. Compared without case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisations: Names = Field(
        (), description="forge organisations or groups: `acme` on any forge, or `github.com/acme`"
    )
    users: Names = Field((), description="forge users, written alike; their own repositories are yours")
    repositories: Repositories = Field(
        (), description="`owner/name`, `github.com/owner/name`, or every name that begins so: `owner/infra-*`"
    )
    account_ids: Names = Field(
        (),
        description="cloud accounts and organisations that a credential itself carries (AWS: from the key id)",
    )
    project_ids: Names = Field((), description="projects that a credential itself carries")
    tenant_ids: Names = Field((), description="tenants that a credential itself carries")
    key_ids: Names = Field(
        (), description="ids of keys: `SHA256:…` of an SSH or TLS key, `kid` of a JWT, bots, applications"
    )
    domains: Domains = Field(
        (), description="`example.com` and everything below it: beside a secret, or as the place itself"
    )
    hosts: Hosts = Field(
        (), description="single host names beside a secret, or all below a suffix: `.corp.internal`"
    )
    email_domains: Domains = Field((), description="of commit authors and of addresses beside a secret")
    brands: Brands = Field(
        (), description="whole words beside a secret, in repository, path or title: a claim of low weight"
    )
    fingerprints: Names = Field((), description="keyed hashes of your own secrets")
    sources: Names = Field((), description="sources that read only your own things, such as `directory`")


LISTS: Final = tuple(WatchLists.model_fields)


class WatchSettings(WatchLists):
    """`[watch]`: what is yours. Compared without case."""

    files: tuple[str, ...] = Field(
        (),
        exclude=True,  # what is handed on as plain values has their entries in it already
        description='further files, each with a table [watch] of these lists: ["watch/*.toml"]',
    )
    own_secrets: tuple[Path, ...] = Field(
        (),
        description="files of keyed hashes of your own secrets, as `leakstream watch fingerprint` writes them",
    )
    _origins: dict[tuple[str, str], str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _with_files(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        found = handler(data)
        if not found.files:
            return found
        folder = Path((info.context or {}).get("folder", ""))
        entries = {name: dict.fromkeys(getattr(found, name)) for name in LISTS}
        origins: dict[tuple[str, str], str] = {}
        for path in _paths(found.files, folder):
            lists = _read(path)
            for name in LISTS:
                for entry in getattr(lists, name):
                    if entry not in entries[name]:
                        entries[name][entry] = None
                        origins[name, entry] = _shown(path, folder)
        merged = found.model_copy(update={name: tuple(known) for name, known in entries.items()})
        merged._origins.update(origins)  # noqa: SLF001 - its own
        return merged

    @property
    def empty(self) -> bool:
        """Whether nothing is watched: then nothing pages."""
        return not self.own_secrets and not any(getattr(self, name) for name in LISTS)

    @property
    def count(self) -> int:
        """How many entries there are."""
        return sum(len(getattr(self, name)) for name in LISTS)

    @property
    def digest(self) -> str:
        """32 hex that change when an entry comes or goes; where it is written makes no difference."""
        lists = {name: sorted(getattr(self, name)) for name in LISTS}
        return hashlib.sha256(orjson.dumps(lists, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]

    def origin(self, name: str, entry: str) -> str:
        """The watch file that this entry of the list `name` came from, "" for the configuration itself."""
        return self._origins.get((name, entry), "")


def _paths(patterns: tuple[str, ...], folder: Path) -> list[Path]:
    """In the order of the patterns, each once. Raises ValueError for a pattern that no file fits: what was to be watched is not."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        place = Path(pattern).expanduser()
        base, wanted = (
            (Path(place.anchor), place.relative_to(place.anchor)) if place.anchor else (folder, place)
        )
        paths = sorted(path for path in base.glob(str(wanted)) if path.is_file())
        if not paths:
            raise ValueError(f"{pattern}: no file fits it; make one, or take the pattern out")
        found.update(dict.fromkeys(paths))
    return list(found)


def _read(path: Path) -> WatchLists:
    """Raises ValueError that names file, line and key."""
    try:
        text = path.read_text(encoding="utf-8")
        tables: Mapping[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    where = Where(path, text, path.parent)
    for name, table in tables.items():
        if name != _TABLE or not isinstance(table, dict):
            raise ValueError(
                where.message((name,), "a watch file has one table, [watch], with the lists in it")
            )
    try:
        return WatchLists.model_validate(tables.get(_TABLE, {}))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        keys = (_TABLE, *(str(part) for part in first["loc"]))
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, BadEntry):
            at = f"{path}:{_line(text, cause.entry)}"
            raise ValueError(f"{at}: {'.'.join(keys)}: {cause}") from None  # noqa: TRY004 - pydantic's word
        known = f"unknown key; known are {', '.join(sorted(LISTS))}"
        reason = known if first["type"] == "extra_forbidden" else first["msg"]
        raise ValueError(where.message(keys, reason)) from None


def _line(text: str, entry: str) -> int:
    """Of the first line that has the entry in it, as it is written."""
    lines = text.split("\n")
    return next((n for n, line in enumerate(lines, 1) if f'"{entry}"' in line or f"'{entry}'" in line), 1)


def _shown(path: Path, folder: Path) -> str:
    """As a person would write it."""
    try:
        return str(path.absolute().relative_to(folder.absolute()))
    except ValueError:
        return str(path)
