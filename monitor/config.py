"""Settings: one TOML file and the environment, read once, wrong ones refused with file, line, key and reason.

Precedence: environment (`LEAKSTREAM_BUS__PREFIX=...`, double underscore between levels), then the file, then defaults. This
module knows the sections that every stage shares; the composition root hands in the models of the stages' own sections and of
the plugins, so that nothing here imports a stage.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar, cast
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from monitor.addresses import is_loopback
from monitor.configfile import Where, from_environment, inline_secrets, merge
from monitor.filemode import others_can_read
from monitor.websettings import WebSettings

FILE_NAME: Final = "leakstream.toml"


class ConfigError(Exception):
    """The configuration is wrong. The message names file, line, key and reason, and never a secret's value."""


class Section(BaseModel):
    """Base of the shared sections."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class KafkaSettings(Section):
    """The brokers and how this process speaks to them."""

    bootstrap: tuple[str, ...] = Field(
        ("127.0.0.1:9092",),
        min_length=1,
        description="host:port of some brokers; a list, or one text with commas",
    )
    security: Literal["tls", "plaintext"] = Field(
        "tls", description="plaintext is for brokers on this host's loopback only"
    )
    ca_file: Path | None = Field(None, description="PEM of the authority; default: the system's")
    cert_file: Path | None = Field(None, description="PEM of our own certificate, for mutual TLS")
    cert_key_file: Path | None = Field(None, description="PEM of its private key")
    sasl: Literal["none", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "none", description="how this process says who it is, beside or instead of a certificate"
    )
    username: str = Field("", description="of SASL")
    password: SecretStr | None = Field(None, description="or password_file")
    password_file: Path | None = Field(None, description="a file that holds the password")
    instance: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,200}$",
        description="this copy's own lasting name (a pod's): a restart then moves no partitions",
    )
    partitions: int = Field(4, ge=1, le=10_000, description="of each stream when topics are made")
    replication: int = Field(3, ge=1, le=10, description="copies of each partition when topics are made")
    min_insync: int = Field(2, ge=1, le=10, description="copies that must have a record before it counts")
    create_topics: bool = Field(default=True, description="false where somebody else makes them")
    session_seconds: float = Field(45.0, ge=1, le=1800, description="silence after which a member is dead")
    request_seconds: float = Field(30.0, ge=1, le=300, description="the longest wait for a broker's answer")

    @field_validator("bootstrap", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for address in self.bootstrap:
            host, _, port = address.rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"bootstrap: {address!r} is not host:port")
            if self.security == "plaintext" and not is_loopback(host.strip("[]")):
                raise ValueError(f"security: plaintext to {host}, which is not loopback, is refused; use tls")
        if (self.cert_file is None) != (self.cert_key_file is None):
            raise ValueError("give both cert_file and cert_key_file, or none")
        if self.sasl == "none":
            for name in ("username", "password", "password_file"):
                if getattr(self, name):
                    raise ValueError(f"{name} is of no use without sasl; set sasl, or leave {name} out")
        elif not self.username or (self.password is None) == (self.password_file is None):
            raise ValueError("sasl needs username and one of password and password_file")
        if self.min_insync > self.replication:
            told = "" if "min_insync" in self.model_fields_set else " (the default)"
            raise ValueError(
                f"min_insync = {self.min_insync}{told} cannot be more than replication = {self.replication}: no record"
                " would ever count; for a single broker set both to 1"
            )
        return self


class BusSettings(Section):
    """Where the stages meet."""

    kind: Literal["embedded", "kafka"] = Field(
        "embedded", description="embedded: the durable bus of one host; kafka: brokers, see [bus.kafka]"
    )
    prefix: str = Field(
        "leakstream.", pattern=r"^[a-z0-9._-]{0,64}$", description="in front of every topic name"
    )
    documents_hours: float = Field(
        24.0, gt=0, le=24 * 30, description="how long raw documents are kept, in hours"
    )
    documents_gib: float = Field(4.0, ge=0.25, description="how much room raw documents may take, in GiB")
    kafka: KafkaSettings = KafkaSettings.model_validate({})


class HttpSettings(Section):
    """How we behave towards others."""

    contact: str = Field("", description="a URL or mail address in the User-Agent: sources ask for one")
    allow_private: tuple[str, ...] = Field(
        (), description="hosts (or host:port) on private addresses that may be asked"
    )


class MetricsSettings(Section):
    """/metrics, /healthz and /readyz."""

    host: str = Field("127.0.0.1", description="where /metrics and health listen")
    port: int | None = Field(
        None, ge=0, le=65535, description="default: 8687, for a single stage 8688 to 8690"
    )


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least that is written"
    )


SHARED: Final[dict[str, type[BaseModel]]] = {
    "bus": BusSettings,
    "http": HttpSettings,
    "web": WebSettings,
    "metrics": MetricsSettings,
    "log": LogSettings,
}
_PLAIN: Final = ("state", "key_file", "external_url")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything, validated. `sections` holds the stages' own models by name."""

    path: Path | None
    state: Path
    key_file: Path
    external_url: str
    bus: BusSettings
    http: HttpSettings
    web: WebSettings
    metrics: MetricsSettings
    log: LogSettings
    sections: Mapping[str, BaseModel] = field(repr=False)
    sources: Mapping[str, BaseModel] = field(repr=False)
    notifiers: Mapping[str, BaseModel] = field(repr=False)


def load(
    path: Path | None,
    *,
    sections: Mapping[str, type[BaseModel]],
    sources: Mapping[str, type[BaseModel]],
    notifiers: Mapping[str, type[BaseModel]],
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Read and check everything. Raises ConfigError with the first wrong key.

    A relative path is one beside the file (without a file, in the working folder), wherever it stands; validators that read paths
    out of texts find that folder as `info.context["folder"]`.
    """
    text = _read(path)
    raw = _parse(path, text)
    base = (path.parent if path else Path()).absolute()
    where = Where(path, text, base)
    if path is not None and others_can_read(path.stat()):
        for keys in inline_secrets(raw, {**sources, **notifiers, **sections, **SHARED}):
            reason = "a secret in a file that others can read; chmod 600 it, or use the _file form"
            raise ConfigError(where.message(keys, reason))
    merge(raw, from_environment(os.environ if environment is None else environment))
    known = {*SHARED, *sections, *_PLAIN, "sources", "notifiers"}
    for key in raw:
        if key not in known:
            raise ConfigError(where.message((key,), f"unknown key; known are {', '.join(sorted(known))}"))
    for key in _PLAIN:
        if not isinstance(raw.get(key, ""), str):
            raise ConfigError(where.message((key,), "a text is expected"))
    if not _is_address(raw.get("external_url", "")):
        raise ConfigError(
            where.message(("external_url",), "http(s)://host is expected, without a login or a query")
        )
    state = _resolve(base, raw.get("state", "leakstream-state"))
    key_file = _resolve(base, raw["key_file"]) if "key_file" in raw else state.parent / f"{state.name}.key"
    if state.resolve() in key_file.resolve().parents:
        raise ConfigError(where.message(("key_file",), "inside the state folder: keep the two apart"))
    shared = {name: _validate(model, raw.get(name, {}), (name,), where) for name, model in SHARED.items()}
    return Config(
        path=path,
        state=state,
        key_file=key_file,
        external_url=raw.get("external_url", ""),
        **shared,  # type: ignore[arg-type]  # each value is the model that SHARED names
        sections={
            name: _validate(model, raw.get(name, {}), (name,), where) for name, model in sections.items()
        },
        sources=_plugins("sources", raw.get("sources", {}), sources, where),
        notifiers=_plugins("notifiers", raw.get("notifiers", {}), notifiers, where),
    )


def show(config: Config) -> dict[str, Any]:
    """Everything as plain values for `leakstream config show`, secrets masked."""
    tables: dict[str, Any] = {
        "state": str(config.state),
        "key_file": str(config.key_file),
        "external_url": config.external_url,
    }
    for name in SHARED:
        tables[name] = getattr(config, name).model_dump(mode="json")
    for name, model in config.sections.items():
        tables[name] = model.model_dump(mode="json")
    tables["sources"] = {name: model.model_dump(mode="json") for name, model in config.sources.items()}
    tables["notifiers"] = {name: model.model_dump(mode="json") for name, model in config.notifiers.items()}
    return tables


def _read(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; `leakstream init` writes one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error


def _parse(path: Path | None, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def _is_address(text: str) -> bool:
    """Whether links may begin with it; "" is none and allowed."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    bare = "@" not in parts.netloc and not parts.query and not parts.fragment and text.isprintable()
    return not text or (usable and bare and " " not in text)


def _resolve(base: Path, value: str | Path) -> Path:
    return (base / Path(value).expanduser()).absolute()


def _plugins(
    table: str, raw: object, models: Mapping[str, type[BaseModel]], where: Where
) -> dict[str, BaseModel]:
    if not isinstance(raw, dict):
        raise ConfigError(where.message((table,), "a table is expected"))
    built: dict[str, BaseModel] = {}
    for name, values in raw.items():
        if name not in models:
            raise ConfigError(where.message((table, name), f"unknown; there are {', '.join(sorted(models))}"))
        built[name] = _validate(models[name], values, (table, name), where)
    return built


def _validate(model: type[BaseModel], values: object, at: tuple[str, ...], where: Where) -> BaseModel:
    if not isinstance(values, dict):
        raise ConfigError(where.message(at, "a table is expected"))
    try:
        found = model.model_validate(values, context={"folder": where.folder})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        keys = (*at, *(str(part) for part in first["loc"]))
        reason = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        if reason == "unknown key":
            reason += f"; known are {', '.join(sorted(model.model_fields))}"
        raise ConfigError(where.message(keys, reason)) from None  # the chained error would quote the value
    return _placed(found, where.folder)


_V = TypeVar("_V")


def _placed(value: _V, folder: Path) -> _V:
    """`value` with every path in it, however deep, made absolute."""
    placed: Any = value
    if isinstance(value, Path):
        placed = _resolve(folder, value)
    elif isinstance(value, tuple):
        placed = tuple(_placed(item, folder) for item in value)
    elif isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        changed = {name: new for name, old in fields.items() if (new := _placed(old, folder)) != old}
        placed = value.model_copy(update=changed) if changed else value
    return cast("_V", placed)
