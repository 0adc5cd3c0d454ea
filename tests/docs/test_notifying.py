"""docs/how-to/notifying.md: every example is a configuration that is taken, every notifier has one, and every name in it exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from alertrules import ALERTS
from monitor import app
from monitor.app.alerting import make_channels
from monitor.commands import outbox, silence
from monitor.http import HttpClient
from monitor.identity import KeyRing
from monitor.metrics import Metrics
from monitor.store.outbox import HELD
from monitor.tools import Tools
from whole_service import configure

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "notifying.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
FILES = {
    "pagerduty-key": "synthetic",
    "slack-url": "https://hooks.example/synthetic",
    "mail-password": "synthetic",
    "apprise-urls": "json://127.0.0.1/synthetic",
    "webhook-url": "https://hooks.example/synthetic",
    "webhook-secret": "whsec_" + "QUJD" * 8,
}


@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_example_is_a_configuration_that_builds(tmp_path: Path, example: str) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    config = app.load_config(configure(tmp_path, example), {})
    async with HttpClient(user_agent="test") as http:
        tools = Tools(http=http, metrics=Metrics(), state=tmp_path)
        (channel,) = make_channels(config, tools, KeyRing.of(bytes(32)))
    assert list(config.notifiers) == [channel.name]
    assert channel.silenced is (channel.name != "alertmanager")
    assert (channel.grouping is not None) is (channel.name in ("slack", "email", "pagerduty", "apprise"))


def test_every_notifier_has_one() -> None:
    shown = {name for example in EXAMPLES for name in tomllib.loads(example)["notifiers"]}
    assert shown == app.notifiers().keys()


def test_what_it_names_is_there() -> None:
    assert set(re.findall(r"Leakstream[A-Z]\w+", PAGE)) <= {rule["alert"] for rule in ALERTS}
    metrics = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    assert all(f"`{name}`" in metrics for name in re.findall(r"leakstream_\w+", PAGE))
    assert all(f"`{reason}`" in PAGE for reason in HELD)
    for word, commands in (("silence", silence.app), ("outbox", outbox.app)):
        named = {
            each for text in re.findall(rf"leakstream\s+{word} ([a-z|]+)", PAGE) for each in text.split("|")
        }
        assert named <= {command.name for command in commands.registered_commands}
