"""`leakstream init`, `config`, `doctor` and `version`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.app import ledger_key, load_config
from monitor.config import ConfigError
from monitor.coverage.signing import load_signer
from monitor.identity import load_keys
from monitor.version import version
from shell import call, run

SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"


def test_init_writes_what_loads_unchanged_and_refuses_the_second_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "leakstream.toml"
    assert call("init", str(path)).exit_code == 0
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    config = load_config(path, {})
    assert (config.sources, config.notifiers) == ({}, {})
    key = load_keys(config.key_file).current_id
    ledger = load_signer(ledger_key(config)).public
    again = run("init", str(path))
    assert again.returncode == 2
    assert b"is there already; nothing was written" in again.stderr
    assert path.read_text() == text
    path.unlink()
    assert call("init", str(path)).exit_code == 0  # another configuration, the same key
    assert load_keys(config.key_file).current_id == key
    assert load_signer(ledger_key(config)).public == ledger


def test_what_init_is_told_is_in_force_and_no_terminal_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "leakstream.toml"
    (tmp_path / "github.token").write_text("kept")
    done = run(
        *("init", str(path), "--domain", "example.com", "--source", "github_events", "--notify", "webhook"),
        *("--notify", "alertmanager=http://alertmanager:9093", "--contact", "security@example.com"),
    )
    assert done.returncode == 0, done.stderr
    config = load_config(path, {})
    assert config.http.contact == "security@example.com"
    assert config.http.allow_private == ("alertmanager",)
    assert config.external_url == "http://127.0.0.1:8686"
    assert set(config.notifiers) == {"alertmanager", "webhook"}
    key = tmp_path / "webhook.secret"
    assert key.stat().st_mode & 0o777 == 0o600
    said = done.stdout.decode()
    assert key.read_text().strip() not in said + path.read_text()
    assert (tmp_path / "github.token").read_text() == "kept"
    for word in ("github.token: is there already", "cat > ", "webhook.url", f"leakstream doctor -c {path}"):
        assert word in said


def test_init_leaves_nothing_behind_when_it_is_told_nonsense(tmp_path: Path) -> None:
    path = tmp_path / "leakstream.toml"
    done = run("init", str(path), "--domain", "no domain at all")
    assert done.returncode == 2
    assert b"nothing was written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_config_show_masks_secrets_and_check_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "leakstream.toml"
    path.touch(mode=0o600)
    path.write_text(
        'external_url = "https://leaks.example"\n'
        f'[notifiers.webhook]\nurl = "https://hooks.example/T0K3N"\nsecret = "{SECRET}"\n[sources.github_events]\ntoken = "t0p-s3cret"\n'
    )
    shown = call("config", "show", "--config", str(path))
    assert json.loads(shown.stdout)["notifiers"]["webhook"]["url"] == "**********"
    for secret in ("T0K3N", SECRET, "t0p-s3cret"):
        assert secret not in shown.output
    assert call("config", "check", "--config", str(path)).exit_code == 0
    path.write_text(path.read_text() + "pages = 3\n")
    wrong = call("config", "check", "--config", str(path))
    assert isinstance(wrong.exception, ConfigError)
    assert f"{path}:7: sources.github_events.pages: unknown key" in str(wrong.exception)


@pytest.mark.parametrize(
    "command", [["config", "check"], ["doctor"], ["run"], ["collect"], ["exposures", "list"]]
)
def test_a_wrong_configuration_stops_every_command(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "leakstream.toml"
    path.write_text("[web]\nport = 99999\n")
    done = call(*command, "--config", str(path))
    assert isinstance(done.exception, ConfigError)
    assert f"{path}:2: web.port: " in str(done.exception)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[match]\nrules = ["none.toml"]', "[match] {folder}/none.toml: No such file"),
        ('[match]\nrules = ["wrong.toml"]', "{folder}/wrong.toml: unknown key 'rules'"),
        ('[notifiers.slack]\nurl_file = "none"', "[notifiers.slack] {folder}/none: No such file"),
        ('[notifiers.slack]\nurl_file = "empty"', "[notifiers.slack] url is empty"),
        (
            '[sources.github_events]\ntoken_file = "none"',
            "[sources.github_events] {folder}/none: No such file",
        ),
        (
            '[[sources.ingest.tokens]]\nname = "ci"\ntoken_file = "none"',
            "[sources.ingest]",
        ),
        ('[web]\nhost = "0.0.0.0"', "[web] host 0.0.0.0 can be reached by others"),
        ('[web]\ntoken_file = "none"', "[web] token_file {folder}/none: cannot be read"),
        ('key_file = "state/key"', "inside the state folder"),
    ],
)
def test_config_check_refuses_what_a_start_refuses_and_starts_nothing(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "wrong.toml").write_text("rules = 1\n")
    (tmp_path / "empty").touch()
    path = tmp_path / "leakstream.toml"
    path.write_text(f'state = "state"\nexternal_url = "https://leaks.example"\n{text}\n')
    there = sorted(tmp_path.iterdir())
    for command in ("check", "run"):
        done = run(*(["config", "check"] if command == "check" else ["run"]), "--config", str(path))
        assert done.returncode == 2, done.stderr
        said = done.stderr.decode().splitlines()
        assert reason.format(folder=tmp_path) in said[-1]
        assert "Traceback" not in done.stderr.decode()
        if command == "check":
            assert len(said) == 1
            assert sorted(tmp_path.iterdir()) == there


def test_doctor_fails_where_a_start_would(tmp_path: Path) -> None:
    path = tmp_path / "leakstream.toml"
    path.write_text('[watch]\ndomains = ["example.com"]\n[web]\nport = 0\n[metrics]\nport = 0\n')
    good = call("doctor", "--config", str(path))
    assert good.exit_code == 0
    assert "FAIL" not in good.output
    listed = json.loads(call("doctor", "--json", "--offline", "--config", str(path)).stdout)
    assert {"config", "key", "disk", "store", "rules"} <= {check["name"] for check in listed}
    assert all(check.keys() == {"outcome", "name", "found", "advice"} for check in listed)
    key = tmp_path / "leakstream-state.key"
    key.touch(mode=0o644)
    bad = call("doctor", "--config", str(path))
    assert bad.exit_code == 1
    assert "chmod 600" in bad.output


def test_version() -> None:
    assert call("version").output == f"leakstream {version()}\n"
