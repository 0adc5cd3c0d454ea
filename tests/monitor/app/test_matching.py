"""What the scanning processes are told of evidence, and what stops a start."""

from __future__ import annotations

from pathlib import Path

import pytest

from agekeys import responder
from monitor.app import Service, load_config
from monitor.app.matching import evidence, pool_settings
from monitor.config import ConfigError
from whole_service import configure


def test_evidence_is_off_unless_recipients_are_named(tmp_path: Path) -> None:
    assert evidence(load_config(configure(tmp_path, ""), {})) is None
    ann = responder(tmp_path)
    text = f'[watch]\ndomains = ["corp.example"]\n[evidence]\nrecipients = ["{ann.public}"]\ncontext_bytes = 100\n'
    told = pool_settings(load_config(configure(tmp_path, text), {})).evidence
    assert told is not None
    assert (told["recipients"], told["context_bytes"]) == ([ann.public], 100)
    assert told["watch"]["domains"] == ["corp.example"]


async def test_a_private_key_in_the_configuration_stops_the_start_and_is_not_repeated(tmp_path: Path) -> None:
    key = responder(tmp_path).identity.read_text().strip()
    path = configure(tmp_path, f'[evidence]\nrecipients = ["{key}"]\n')
    with pytest.raises(
        ConfigError, match=r"leakstream.toml:\d+: evidence.recipients: .*private key"
    ) as error:
        load_config(path, {})
    assert key not in str(error.value)
    file = tmp_path / "responders.txt"
    file.write_text(f"# ann\n{key}\n")
    config = load_config(configure(tmp_path, f'[evidence]\nrecipients_file = "{file}"\n'), {})
    with pytest.raises(ConfigError, match=r"\[evidence\] .*responders.txt: .*private key") as error:
        await Service(config).check()
    assert key not in str(error.value)
