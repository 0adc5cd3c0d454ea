"""The config table `[sources.gitlab]`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from monitor.collectors.apisettings import Address, TokenSettings

Part = Literal["projects", "snippets", "watched"]


class GitLabSettings(TokenSettings):
    """[sources.gitlab]"""

    base_url: Address = Field(
        "https://gitlab.com/api/v4", description="the REST API; elsewhere https://HOST/api/v4"
    )
    forge: str = Field("gitlab.com", description="name of the forge in findings, host of its web pages")
    token: SecretStr | None = Field(
        None, description="an access token with read_api; without one gitlab.com allows 500 requests a minute"
    )
    token_file: Path | None = Field(None, description="a file that holds the token")
    read: tuple[Part, ...] = Field(
        ("projects", "snippets", "watched"),
        min_length=1,
        description="what is read: public projects, public snippets, the projects of those named in [watch]",
    )
    poll_seconds: float = Field(60.0, ge=10.0, description="time between two polls of a list")
    watched_seconds: float = Field(120.0, ge=10.0, description="the same for the watched projects")
    watched_history_days: float = Field(
        30.0, ge=0, description="how far back a watched project is read when it is met for the first time"
    )
    requests_per_minute: int = Field(
        300, ge=1, le=1800, description="most requests a minute; without a token never more than 300"
    )
    concurrency: int = Field(4, ge=1, le=16, description="most requests at a time")
    pages: int = Field(20, ge=1, le=400, description="most pages of 100 that one poll of a list reads")
    max_commits: int = Field(
        100, ge=1, le=10_000, description="most new commits read of one project at a time; watched: 10,000"
    )
    max_files: int = Field(
        10, ge=0, description="most files of a commit fetched whole, where the diff came without their text"
    )
    backlog: int = Field(
        2000,
        ge=0,
        le=20_000,
        description="most projects and snippets, and most commits, that wait their turn",
    )
    max_body_mib: int = Field(16, ge=1, le=256, description="largest API answer read, in MiB")
    max_file_mib: float = Field(
        4.0, gt=0, le=100, description="largest file or snippet fetched whole, in MiB"
    )
