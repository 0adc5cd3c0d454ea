"""`[drills]`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_SPAN: Final = re.compile(r"([1-9]\d{0,4})([mhd])")
_UNITS: Final = {"m": 60.0, "h": 3600.0, "d": 86_400.0}
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


def _span(text: str) -> str:
    if text and not _SPAN.fullmatch(text):
        raise ValueError('a time is written like "30m", "6h" or "1d"')
    return text


class IngestDrillSettings(BaseModel):
    """How a drill hands in its leak: with a token of [sources.ingest], as any sender does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str = Field("", description="name of the token in [[sources.ingest.tokens]]; default: the first")
    url: str = Field("", description="where ingest answers; default: this host's own [web] port")


class RepositoryDrillSettings(BaseModel):
    """A private test repository of your own, into which a drill pushes its leak."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    remote: str = Field("", description="ssh://git@host/owner/name, or https://; none = off")
    branch: str = Field("leakstream-drill", pattern=_NAME, description="the branch that grows by one commit")
    path: str = Field("leakstream-drill.env", pattern=_NAME, description="the file, in the root")
    key_file: Path | None = Field(None, description="deploy key with write access, for ssh")
    known_hosts_file: Path | None = Field(None, description="the host's key, for ssh")
    netrc_file: Path | None = Field(None, description="login, for https")
    ca_file: Path | None = Field(None, description="PEM of the host's authority; default: the system's")
    allow_private: tuple[str, ...] = Field((), description="hosts on private addresses that may be pushed to")


class DrillSettings(BaseModel):
    """Synthetic leaks of an own type that opens nothing, planted to see whether they come out at the pager."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: Annotated[str, AfterValidator(_span)] = Field(
        "", description='how often a drill is planted: "30m", "6h", "1d"; none = only by hand'
    )
    sources: tuple[Literal["ingest", "repository"], ...] = Field(
        ("ingest",), min_length=1, description="where: ingest, repository or both"
    )
    timeout_seconds: float = Field(
        300.0, ge=5, le=86_400, description="a scheduled drill told later than this is missed"
    )
    ingest: IngestDrillSettings = IngestDrillSettings.model_validate({})
    repository: RepositoryDrillSettings = RepositoryDrillSettings.model_validate({})

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.every and self.interval <= self.timeout_seconds:
            raise ValueError("every: a drill begins before the one before is over; see timeout_seconds")
        if self.every and "repository" in self.sources and not self.repository.remote:
            raise ValueError("sources: repository needs [drills.repository] remote")
        return self

    @property
    def interval(self) -> float:
        """Seconds between two drills of one source, 0 without a schedule."""
        found = _SPAN.fullmatch(self.every)
        return float(found[1]) * _UNITS[found[2]] if found else 0.0
