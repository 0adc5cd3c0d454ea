"""A command makes the digests that the source makes, with the secret of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app import digests_of, load_config, webhooks
from monitor.collectors.handin.deliveries import Digests
from monitor.config import ConfigError
from whole_service import configure

SECRET = "a-consumer-secret-of-the-tests"
HOOK = """
[[sources.ingest.deliveries]]
name = "bot"
consumer_secret_file = "secret"
subscriptions = { "1001" = [] }
"""


def test_digests_are_those_of_the_source(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, HOOK), {})
    with pytest.raises(ConfigError, match=r"\[sources.ingest\] .*secret: No such file"):
        digests_of(config, "bot")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    assert digests_of(config, "bot").event("1001", "message", "5") == Digests(SECRET.encode()).event(
        "1001", "message", "5"
    )
    assert webhooks(config) == ["bot"]
    with pytest.raises(ConfigError, match="no other; configured: bot"):
        digests_of(config, "other")


def test_without_the_source_there_is_none(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, ""), {})
    assert webhooks(config) == []
    with pytest.raises(ConfigError, match="configured: none"):
        digests_of(config, "bot")
