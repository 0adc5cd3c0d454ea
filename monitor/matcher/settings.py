"""`[match]`: the matcher's own section of the configuration."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from monitor.config import Section


class MatchSettings(Section):
    """The matcher: scanning processes and their limits."""

    processes: int = Field(1, ge=1, le=64, description="scanning processes; one a core is plenty")
    job_seconds: float = Field(
        3.0,
        ge=0.5,
        le=60,
        description="deadline of one job in processor time, then its process is replaced",
    )
    memory_mib: int = Field(768, ge=128, description="what a scanning process may add to its start size")
    rules: tuple[Path, ...] = Field((), description="further rule files or folders of them")
    cache_dir: Path | None = Field(
        None, description="where the compiled database is kept; default: the user's cache"
    )
