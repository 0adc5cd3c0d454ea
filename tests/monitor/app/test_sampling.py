"""What is measured beside the work."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from certificates import certificates
from monitor.aio import spawn
from monitor.app import load_config, sources
from monitor.app.loading import rhythms
from monitor.app.sampling import Sampling
from monitor.app.sampling import certificates as certificates_of
from monitor.collectors.base import SourceSettings
from monitor.config import Config, ConfigError
from monitor.metrics import Metrics
from monitoring import until
from whole_service import configure

END = 1_900_000_000.0
TABLES = """
[objectives]
seen_share = {{ github_events = 0.25, pastebin = 0.5 }}
[bus]
kind = "kafka"
[bus.kafka]
ca_file = "ca.pem"
cert_file = "client.pem"
cert_key_file = "client.key"
[store]
url = "postgresql://leaks@db.example.com/leaks?sslmode=verify-full&sslrootcert={root}"
[sources.github_events]
poll_seconds = 5
[sources.hackernews]
[sources.git]
ca_file = "missing.pem"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    root = certificates(tmp_path / "root.pem", END)
    certificates(tmp_path / "ca.pem", END - 10, END + 10)
    certificates(tmp_path / "client.pem", END - 20, END + 20)
    loaded = load_config(configure(tmp_path, TABLES.format(root=root)), {})
    loaded.state.mkdir()
    return loaded


async def test_disk_certificates_and_what_was_promised(config: Config) -> None:
    metrics, stop = Metrics(), asyncio.Event()

    def value(metric: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"leakstream_{metric}", labels)

    running = spawn(Sampling(config, metrics).run(stop), name="sampling")

    async def measured() -> bool:
        return value("disk_size_bytes", volume="state") is not None

    await until(measured)
    stop.set()
    await running
    free, size = value("disk_free_bytes", volume="state"), value("disk_size_bytes", volume="state")
    assert free is not None
    assert size is not None
    assert 0 < free < size
    ends = {
        name: value("expiry_timestamp_seconds", kind="certificate", name=name)
        for name in certificates_of(config)
    }
    assert ends == {
        "bus.kafka.ca_file": END + 10,
        "bus.kafka.cert_file": END - 20,
        "store.sslrootcert": END,
        "sources.git.ca_file": None,
    }
    assert value("capture_target_ratio", source="github_events") == 0.25
    assert value("capture_target_ratio", source="pastebin") is None  # not enabled


def test_a_share_of_no_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"objectives.seen_share.githup: no such source; there are .*github_events"
    ):
        load_config(configure(tmp_path, "[objectives]\nseen_share = { githup = 0.1 }\n"), {})


def test_only_sources_that_poll_have_a_rhythm(config: Config) -> None:
    """`git` is asked here and follows nothing; GitHub lets nobody poll more often than once a minute."""
    assert rhythms(config) == {"github_events": 60.0, "hackernews": 30.0}


def test_each_source_has_a_rhythm_or_a_reason_to_have_none() -> None:
    listening = {"ingest", "stdin", "recheck"}  # recheck does what it is asked
    without = {
        name
        for name, plugin in sources().items()
        if plugin.settings.rhythm is SourceSettings.rhythm
        and "poll_seconds" not in plugin.settings.model_fields
    }
    assert without == listening
